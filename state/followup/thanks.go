package followup

import (
	"strings"
	"unicode"
)

// thanks are the words of a message that waits for no answer: it consists of them alone.
var thanks = wordSet(`thanks thank you very much so a lot many again cheers thx ty great perfect wonderful excellent super awesome nice cool
 ok okay k all good got it received will do noted understood fine best regards kind warm greetings sincerely yours have nice day weekend evening
 for your the help support quick reply answer response message mail email dear hi hello and with from i it that this is appreciated much
 danke dank vielen herzlichen schön schöne alles klar gut passt bestens prima erhalten mit freundlichen grüßen gruss gruß viele liebe lg mfg
 für die ihre deine schnelle antwort hilfe rückmeldung hallo und tag noch
 merci beaucoup gracias grazie`)

var thanked = wordSet(`thanks thank thx ty cheers great perfect ok okay received noted understood danke dank erhalten prima passt merci gracias grazie`)

func wordSet(s string) map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(s) {
		out[w] = true
	}
	return out
}

// chineseThanks are such messages in Chinese, without punctuation and particles.
var chineseThanks = []string{"非常感谢", "十分感谢", "多谢", "谢谢", "感谢", "收到", "好的", "明白了", "明白", "知道了", "没问题", "辛苦了", "您", "你", "了", "的", "啦", "哦", "呢", "已", "好"}

const maxThanks = 200 // characters that a message may have to say nothing but thanks

// Thanks says whether a message says thanks, or that it was received, and nothing else. What names
// the writer at its end does not count; a question never is.
func Thanks(body, writer string) bool {
	body = strings.TrimSpace(body)
	if body == "" || len([]rune(body)) > maxThanks || strings.ContainsAny(body, "?？0123456789") {
		return false
	}
	names := wordSet(strings.ToLower(writer))
	said := false
	rest := body
	for _, w := range strings.FieldsFunc(strings.ToLower(rest), func(r rune) bool { return !unicode.IsLetter(r) && r != '\'' }) {
		switch {
		case thanked[w]:
			said = true
		case thanks[w] || names[w]:
		case onlyHan(w):
			if !chinese(w) {
				return false
			}
			said = true
		default:
			return false
		}
	}
	return said
}

func onlyHan(w string) bool {
	for _, r := range w {
		if !unicode.Is(unicode.Han, r) {
			return false
		}
	}
	return true
}

// chinese says whether a run of Chinese says thanks and nothing else.
func chinese(w string) bool {
	said := false
	for w != "" {
		cut := w
		for i, t := range chineseThanks {
			if rest, ok := strings.CutPrefix(w, t); ok {
				cut, said = rest, said || i < 12
				break
			}
		}
		if cut == w {
			return false
		}
		w = cut
	}
	return said
}
