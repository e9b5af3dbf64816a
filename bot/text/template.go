package text

import (
	"fmt"
	"maps"
	"strings"
)

// node is a piece of a template: plain text, an argument with its verb, or an optional part.
type node struct {
	text     string // plain text; of an argument what follows its verb
	arg      string
	verb     byte
	optional []node
}

// isCall says whether the node is what a command begins with. {kept#} is an argument like others.
func (n node) isCall() bool { return (n.arg == "kept" || n.arg == "admin") && n.verb == 0 }

// both is one text in the two languages.
type both struct{ en, zh []node }

// texts is how the files of the catalogue write it: key to English and Chinese.
type texts map[string][2]string

// catalogue holds every text. A text that cannot be read, or a key in two files, is a mistake of
// the program and ends it at once; the tests load it.
var catalogue = load(
	handoverTexts,
	errorTexts,
	stateErrors,
	serviceErrors,
	importErrors,
	matchErrors,
	learning,
	commandErrors,
	terminalTexts,
	wordTexts,
	cardTexts,
	evidenceTexts,
	damageTexts,
	trustTexts,
	accessTexts,
	calendarTexts,
	gateTexts,
	mailTexts,
	connectionTexts,
	syncTexts,
	syncCardTexts,
	optoutTexts,
	outboxTexts,
	digestTexts,
	terms,
	followupTexts,
	ruleTexts,
	toldTexts,
	usageTexts,
	serveTexts,
	slackTexts,
	slackCheckTexts,
	promiseTexts,
	chatTexts,
)

func load(files ...texts) map[string]both {
	all := map[string]both{}
	for _, f := range files {
		for key, t := range f {
			if _, twice := all[key]; twice {
				panic("text: " + key + " stands in the catalogue twice")
			}
			en, err := parse(t[0])
			if err != nil {
				panic("text: " + key + ", English: " + err.Error())
			}
			zh, err := parse(t[1])
			if err != nil {
				panic("text: " + key + ", Chinese: " + err.Error())
			}
			all[key] = both{en, zh}
		}
	}
	return all
}

// parse reads a template; see the package comment.
func parse(s string) ([]node, error) {
	nodes, rest, err := parsePart(s, false)
	if err == nil && rest != "" {
		err = fmt.Errorf("%q closes nothing", rest)
	}
	return nodes, err
}

func parsePart(s string, inner bool) (nodes []node, rest string, err error) {
	for s != "" {
		i := strings.IndexAny(s, "{}[]")
		if i < 0 {
			i = len(s)
		}
		if i > 0 {
			nodes = append(nodes, node{text: s[:i]})
			s = s[i:]
			continue
		}
		switch s[0] {
		case '{':
			end := strings.IndexByte(s, '}')
			if end < 0 {
				return nil, "", fmt.Errorf("%q has no end", s)
			}
			n := node{arg: s[1:end]}
			if v := strings.IndexAny(n.arg, "#@$%"); v >= 0 {
				n.verb, n.text, n.arg = n.arg[v], n.arg[v+1:], n.arg[:v]
			}
			if n.arg == "" || strings.Trim(n.arg, "abcdefghijklmnopqrstuvwxyz_") != "" {
				return nil, "", fmt.Errorf("%q names no argument", s[:end+1])
			}
			nodes, s = append(nodes, n), s[end+1:]
		case '[':
			if inner {
				return nil, "", fmt.Errorf("%q stands in an optional part", s)
			}
			part, after, err := parsePart(s[1:], true)
			if err != nil {
				return nil, "", err
			}
			if after == "" {
				return nil, "", fmt.Errorf("%q has no end", s)
			}
			if len(arguments(part, nil)) == 0 {
				return nil, "", fmt.Errorf("%q has no argument that decides about it", s)
			}
			nodes, s = append(nodes, node{optional: part}), after[1:]
		case ']':
			if inner {
				return nodes, s, nil
			}
			return nil, s, nil
		default:
			return nil, s, nil
		}
	}
	return nodes, "", nil
}

// arguments gives the arguments of a template; the value says whether one is needed: it stands
// outside all optional parts.
func arguments(nodes []node, into map[string]bool) map[string]bool {
	if into == nil {
		into = map[string]bool{}
	}
	for _, n := range nodes {
		switch {
		case n.optional != nil:
			inner := arguments(n.optional, nil)
			maps.DeleteFunc(inner, func(name string, _ bool) bool { return into[name] })
			for name := range inner {
				into[name] = false
			}
		case n.arg != "" && !n.isCall():
			into[n.arg] = true
			if n.verb == '$' {
				into["currency"] = true
			}
		}
	}
	return into
}
