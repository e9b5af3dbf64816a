package mail

import (
	"strings"
)

// Automatic is why nobody wrote a message to one person; empty for mail of people.
type Automatic string

// The reasons, in the order in which the first that fits is told.
const (
	Bounce  Automatic = "bounce"
	Auto    Automatic = "auto"
	List    Automatic = "list"
	NoReply Automatic = "no_reply"
)

var (
	daemon = pattern(`^(mailer-daemon|postmaster|mail-?daemon|bounces?)([-+=._].*)?$`)
	// noReply are local parts that say that nobody reads the answer.
	noReply = pattern(`(^|[-+._=])(no|do|donot|dont|never|not|please)[-_. ]?(not|t)?[-_. ]?(reply|respond|answer|antworten?|responder|repondre)([-+._=\d]|$)` +
		`|^(keine|nicht)[-_. ]?(antwort|antworten)$|^ne[-_. ]?pas[-_. ]?repondre|^no[-_. ]?contestar|^mailrobot$|^auto(mailer|mated|responder|reply)?$|^unattended`)
	// absent are the beginnings of the subjects that mail programs give to absence notes.
	absent = []string{"automatic reply", "auto reply", "auto-reply", "autoreply", "auto response", "autoresponse", "out of office", "out of the office",
		"automatische antwort", "abwesenheitsnotiz", "abwesenheit:", "自动回复", "自動回覆", "自動回復", "réponse automatique", "respuesta automática", "risposta automatica",
		"resposta automática", "automatisch antwoord", "رد تلقائي", "автоответ", "自動返信", "不在通知"}
)

func (h *Header) automatic(m *Message) Automatic {
	ctype, p := params(h.Get("content-type"))
	local := ""
	if len(m.From) > 0 {
		local, _, _ = strings.Cut(strings.ToLower(m.From[0].Address), "@")
	}
	returns := strings.TrimSpace(h.Get("return-path"))
	switch {
	case ctype == "multipart/report" && !strings.EqualFold(p["report-type"], "disposition-notification"),
		h.Has("return-path") && (returns == "<>" || returns == "" || strings.EqualFold(returns, "<mailer-daemon>")),
		h.Has("x-failed-recipients"), daemon().MatchString(local):
		return Bounce
	case ctype == "multipart/report", h.auto(m.Subject):
		return Auto
	case h.Has("list-id"), h.Has("list-unsubscribe"), h.Has("list-post"), h.Has("x-campaign-id"), h.Has("x-mc-user"):
		return List
	}
	switch strings.ToLower(strings.TrimSpace(h.Get("precedence"))) {
	case "bulk", "list", "junk":
		return List
	}
	if noReply().MatchString(local) {
		return NoReply
	}
	return ""
}

func (h *Header) auto(subject string) bool {
	if v, _, _ := strings.Cut(h.Get("auto-submitted"), ";"); v != "" {
		v, _, _ = strings.Cut(strings.TrimSpace(v), " ")
		if v != "" && !strings.EqualFold(v, "no") {
			return true
		}
	}
	for _, name := range []string{"x-autoreply", "x-autorespond", "x-autoresponder", "x-auto-reply", "x-mail-autoreply"} {
		if v := strings.TrimSpace(h.Get(name)); h.Has(name) && !strings.EqualFold(v, "no") {
			return true
		}
	}
	if v := strings.ToLower(strings.TrimSpace(h.Get("precedence"))); strings.HasPrefix(v, "auto") {
		return true
	}
	s := strings.ToLower(subject)
	for _, a := range absent {
		if strings.HasPrefix(s, a) {
			return true
		}
	}
	return false
}
