package main

import (
	"bytes"
	"encoding/csv"
	"os"
	"os/exec"
	"testing"
)

func made(t *testing.T, rows int) ([][]string, []byte) {
	t.Helper()
	var b bytes.Buffer
	if err := writePeople(&b, rows); err != nil {
		t.Fatal(err)
	}
	text := b.Bytes()
	list, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return list, text
}

// Figures of two days can be compared only where both days had the same people.
func TestPeopleAreTheSameEachTime(t *testing.T) {
	t.Parallel()
	list, a := made(t, 3000)
	if _, b := made(t, 3000); !bytes.Equal(a, b) {
		t.Error("two runs made different people")
	}
	if len(list) != 3001 || list[0][0] != "id" {
		t.Fatalf("%d rows, the first %q", len(list), list[0])
	}
}

func TestOneInFiveIsACopy(t *testing.T) {
	t.Parallel()
	list, _ := made(t, 5000)
	seen, again, han := map[string]bool{}, 0, 0
	for _, row := range list[1:] {
		if row[3] != "" && seen[row[3]] {
			again++
		}
		seen[row[3]] = true
		if row[1] != "" && []rune(row[1])[0] >= 0x4e00 {
			han++
		}
	}
	// Some copies lost their e-mail, and some people had none.
	if again < 400 || again > 1200 {
		t.Errorf("%d of 5000 have an e-mail that stood before", again)
	}
	if han < 1200 || han > 1800 {
		t.Errorf("%d of 5000 have Chinese names", han)
	}
}

func TestMemoryOfAProcessIsSeen(t *testing.T) {
	t.Parallel()
	_, noProc := os.Stat("/proc/self/status")
	c, err := run(exec.Command("sleep", "0.1"))
	if err != nil || (c.anonymous <= 0) != (noProc != nil) || c.wall < 1e8 {
		t.Errorf("%+v, %v", c, err)
	}
	if _, err := run(exec.Command("false")); err == nil {
		t.Error("a program that failed is no figure")
	}
}
