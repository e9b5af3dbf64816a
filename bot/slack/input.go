package slack

import (
	"regexp"
	"strings"
	"unicode"
)

// maxTyped bounds, in bytes, what is read of a line; Slack's own limit is far below.
const maxTyped = 16 << 10

// rewritten is what Slack makes of what people type: <@U123|name>, <#C1|name>, <!here>,
// <mailto:a@b|a@b>, <tel:+49|+49>, <https://x|x>.
var rewritten = regexp.MustCompile(`<([@#!]?)([^<>|]*)(?:\|([^<>]*))?>`)

// typed gives a command as it was meant: what Slack rewrote into mentions, links and entities is what
// was typed again, spaces are spaces, and the full-width signs of other keyboards are read as those
// that commands are written with, save in Chinese text. Quotes stay as they are: the words read every
// kind. us is our own user, whose mention is dropped; "" drops none.
func typed(line, us string) string {
	line = spaces.Replace(unwrap(line, us))
	return strings.TrimSpace(token.ReplaceAllStringFunc(line, func(t string) string {
		if strings.ContainsFunc(t, func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
			return t
		}
		return widths.Replace(t)
	}))
}

var token = regexp.MustCompile(`\S+`)

// unwrap gives what was typed for what Slack made of it.
func unwrap(line, us string) string {
	if len(line) > maxTyped {
		line = strings.ToValidUTF8(line[:maxTyped], "")
	}
	line = rewritten.ReplaceAllStringFunc(line, func(m string) string {
		part := rewritten.FindStringSubmatch(m)
		sign, target, shown := part[1], part[2], part[3]
		switch sign {
		case "@":
			if target == us && us != "" {
				return " "
			}
			if shown != "" {
				return "@" + shown
			}
			return "@" + target
		case "#":
			if shown != "" {
				return "#" + shown
			}
			return "#" + target
		case "!":
			if shown != "" {
				return shown
			}
			return "@" + target // <!here> is what somebody typed as @here
		}
		if scheme, rest, ok := strings.Cut(target, ":"); ok && (scheme == "mailto" || scheme == "tel") {
			if shown != "" {
				return shown
			}
			return rest
		}
		if shown != "" && !strings.Contains(shown, " ") && strings.HasSuffix(strings.TrimRight(target, "/"), strings.TrimRight(shown, "/")) {
			return shown // sternwarte.example, of which Slack made http://sternwarte.example
		}
		return target
	})
	return entities.Replace(line)
}

// entities are the three that Slack writes.
var entities = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&")

// spaces are what is none to a machine, or is none at all.
var spaces = strings.NewReplacer("\u00a0", " ", "\u202f", " ", "\u2007", " ", "\u3000", " ", "\ufeff", "", "\u200b", "", "\u200e", "", "\u200f", "")

var widths = strings.NewReplacer("＠", "@", "．", ".", "＋", "+", "－", "-", "＝", "=", "：", ":", "／", "/", "＃", "#", "，", ",",
	"０", "0", "１", "1", "２", "2", "３", "3", "４", "4", "５", "5", "６", "6", "７", "7", "８", "8", "９", "9")

// mentioned gives what was said to us in a thread or channel: what stands behind our mention, which
// is the first, else what stands before it.
func mentioned(line string) string {
	at := userMention.FindStringIndex(line)
	if at == nil {
		return typed(line, "")
	}
	if after := typed(line[at[1]:], ""); after != "" {
		return after
	}
	return typed(line[:at[0]], "")
}

var userMention = regexp.MustCompile(`<@[UW][A-Z0-9]+(\|[^<>]*)?>[:,，：]?`)

// quotedWords gives what a message of Slack says, as one text to be kept: links, mentions and
// entities as people read them, its bold and code marks left as they are.
func quotedWords(message string) string {
	return clean(unwrap(message, ""))
}
