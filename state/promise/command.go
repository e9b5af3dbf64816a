package promise

import (
	"errors"
	"slices"
	"strings"
	"time"
	"unicode"
)

// SplitCommand divides the words of `promise jana "send the quote" by friday 12:00`, those after the customer, into what was
// promised and the due words, preposition included, ready for ParseDue. A word that holds a space was quoted and is never due.
//
// The longest run of words at the end that can be read as a due time is taken ("by friday 12:00", "tomorrow", 周五前). When
// there is none, what follows the last unquoted by, before or until is, and an unquoted on where a quoted text stands before
// it, so that a misspelt day is told rather than taken for text. A Chinese time may stand first: 周五前 发报价, 周五前发报价.
// ok is false when no due words were found; text is then all the words.
func SplitCommand(words []string) (text, due string, ok bool) {
	tail := 0 // due words begin after the last quoted word
	for i, w := range words {
		if quoted(w) {
			tail = i + 1
		}
	}
	for i := tail; i < len(words); i++ {
		if s := join(words[i:]); readable(s) {
			return join(words[:i]), s, true
		}
	}
	for i := len(words) - 1; i >= tail; i-- {
		switch strings.ToLower(words[i]) {
		case "by", "before", "until", "till":
			if i+1 < len(words) {
				return join(words[:i]), join(words[i:]), true
			}
		case "on":
			if i == tail && tail > 0 && i+1 < len(words) {
				return join(words[:i]), join(words[i:]), true
			}
		}
	}
	head := slices.IndexFunc(words, quoted)
	if head < 0 {
		head = len(words)
	}
	for i := head; i > 0; i-- {
		if s := join(words[:i]); hasHan(s) && i < len(words) && readable(s) {
			return join(words[i:]), s, true
		}
	}
	if head > 0 && hasHan(words[0]) {
		if _, start, end, found := FindDue(words[0], splitNow, time.UTC); found && start == 0 && end < len(words[0]) {
			rest := strings.TrimLeftFunc(words[0][end:], func(r rune) bool { return unicode.IsPunct(r) || unicode.IsSpace(r) })
			return join(append([]string{rest}, words[1:]...)), words[0][:end], true
		}
	}
	return join(words), "", false
}

// splitNow stands in for the present, which decides when something is due but not whether words are due words.
var splitNow = time.Date(2024, time.January, 1, 0, 0, 0, 0, time.UTC)

func readable(s string) bool {
	_, err := ParseDue(s, splitNow, time.UTC)
	var e *Error
	return err == nil || errors.As(err, &e) && e.Code != CodeNotUnderstood
}

func quoted(word string) bool { return strings.ContainsFunc(word, unicode.IsSpace) }

func join(words []string) string { return strings.TrimSpace(strings.Join(words, " ")) }
