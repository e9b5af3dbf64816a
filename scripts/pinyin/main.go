// Command pinyin writes the table of readings of Chinese characters that package pinyin carries:
//
//	go run . [SURNAMES] > ../../state/identity/pinyin/pinyin.txt
//
// It is a module of its own, so that Kept does not depend on the library from which the readings come. SURNAMES is the list
// of surnames with a reading of their own from github.com/overtrue/pinyin (sources/surnames.txt); without it the surnames of
// the present table are kept.
package main

import (
	"bufio"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/mozillazg/go-pinyin"
)

// The characters of the table: the first block of unified ideographs, in which names are written.
const first, last = 0x4e00, 0x9fff

const table = "../../state/identity/pinyin/pinyin.txt"

func main() {
	if err := write(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func write() error {
	args := pinyin.NewArgs() // without tones, the most frequent reading alone
	at := map[string]int{}
	var syllables []string
	readings := make([]string, 0, last-first+1)
	for r := rune(first); r <= last; r++ {
		reading := ""
		if p := pinyin.SinglePinyin(r, args); len(p) > 0 {
			reading = plain(p[0])
		}
		readings = append(readings, reading)
		if _, known := at[reading]; reading != "" && !known {
			at[reading] = 0
			syllables = append(syllables, reading)
		}
	}
	slices.Sort(syllables)
	for i, s := range syllables {
		at[s] = i
	}
	surnames, err := surnames(readings)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(os.Stdout)
	fmt.Fprintln(out, strings.Join(syllables, " "))
	fmt.Fprintln(out, surnames)
	for _, r := range readings {
		if r == "" {
			out.WriteString("~~")
			continue
		}
		out.WriteByte(byte('0' + at[r]/64))
		out.WriteByte(byte('0' + at[r]%64))
	}
	out.WriteByte('\n')
	return out.Flush()
}

// traditional are surnames of the list in traditional characters, which it lacks.
const traditional = "單=shan 區=ou 繆=miao 蓋=ge 樂=yue 單于=chanyu 尉遲=yuchi 萬俟=moqi 種=chong 祕=bi 闞=kan"

// surnames gives the surnames whose reading is not that of their characters: 曾=zeng.
func surnames(readings []string) (string, error) {
	if len(os.Args) < 2 {
		old, err := os.ReadFile(table)
		if err != nil {
			return "", err
		}
		return strings.Split(string(old), "\n")[1], nil
	}
	list, err := os.ReadFile(os.Args[1])
	if err != nil {
		return "", err
	}
	var found []string
	for line := range strings.Lines(string(list)) {
		name, reading, ok := strings.Cut(strings.TrimSpace(line), ":")
		if !ok {
			continue
		}
		own := strings.ReplaceAll(plain(reading), " ", "")
		usual := ""
		for _, r := range name {
			usual += readings[r-first]
		}
		if own != usual {
			found = append(found, name+"="+own)
		}
	}
	found = append(found, strings.Fields(traditional)...)
	slices.Sort(found)
	return strings.Join(found, " "), nil
}

var tones = strings.NewReplacer("ā", "a", "á", "a", "ǎ", "a", "à", "a", "ē", "e", "é", "e", "ě", "e", "è", "e", "ī", "i", "í", "i", "ǐ", "i", "ì", "i",
	"ō", "o", "ó", "o", "ǒ", "o", "ò", "o", "ū", "u", "ú", "u", "ǔ", "u", "ù", "u", "ǖ", "v", "ǘ", "v", "ǚ", "v", "ǜ", "v", "ü", "v", "ń", "n", "ň", "n", "ǹ", "n", "ḿ", "m", "ê", "e")

// plain removes tones; ü is written u, as passports do.
func plain(s string) string {
	return strings.ReplaceAll(strings.TrimSpace(tones.Replace(s)), "v", "u")
}
