package service

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/identity"
)

// actorChat is the actor of a look-up by an account that is nobody's any more.
const actorChat = "chat"

// chatting says whether a call comes from a chat: who asks is then whoever has the account, or nobody.
// A job that works for an account is none.
func (c Caller) chatting() bool { return c.From == FromChat || c.Chat != "" && c.From != FromJob }

// member gives the staff member who calls, or nil: in a chat whoever has the account, else whoever
// has the login. In a chat who is nobody of us, or is not any more, is refused.
func (s *Service) member(tx state.Tx, c Caller) (*state.Staff, error) {
	if !c.chatting() {
		return staffByLogin(tx, c.Login)
	}
	find := staffByChat
	if strings.HasPrefix(c.Chat, ownChat) {
		find = staffByOwnChat
	}
	m, err := find(tx, c.Chat)
	if err == nil && m == nil {
		err = chatUnknown(c.Chat, "")
	}
	return m, err
}

// ownChat begins the accounts of "kept chat": "kept:s2:ana", a talk as s2 by whoever is ana here.
const ownChat = "kept:"

// ChatAs is the account under which somebody talks to Kept at the terminal as one of us would in a
// chat: ref is that one's number, by the login of who talks.
func ChatAs(ref, by string) string { return ownChat + ref + ":" + by }

func staffByOwnChat(tx state.Tx, account string) (*state.Staff, error) {
	ref, _, _ := strings.Cut(strings.TrimPrefix(account, ownChat), ":")
	n, ok := state.StaffMembers.ParseRef(ref)
	if !ok {
		return nil, nil
	}
	return state.StaffMembers.Find(tx, state.NumberKey(n))
}

// admit refuses who calls from a chat and is nobody of us, has left, or has no role.
func (s *Service) admit(tx state.Tx, c Caller, now time.Time) error {
	if !c.chatting() {
		return nil
	}
	m, err := s.member(tx, c)
	if err != nil {
		return err
	}
	switch {
	case left(m, now):
		return chatLeft(c.Chat, m)
	case m.Role == "":
		return &state.Error{Class: state.Refused, Code: "chat_no_role", Args: state.Args{"account": c.Chat, "name": m.Name,
			"number": state.StaffMembers.Ref(m.Number)}}
	}
	return nil
}

func chatUnknown(account, name string) error {
	args := state.Args{"account": account, "id": chatID(account)}
	if name != "" {
		args["name"] = name
	}
	return &state.Error{Class: state.Refused, Code: "chat_unknown", Args: args}
}

func chatLeft(account string, m *state.Staff) error {
	return &state.Error{Class: state.Refused, Code: "chat_left", Args: state.Args{"account": account, "id": chatID(account),
		"name": m.Name, "number": state.StaffMembers.Ref(m.Number), "on": m.Left.Format(time.RFC3339)}}
}

// staffByChat gives the staff member with an account, or nil. One that is known without its workspace
// fits in every one.
func staffByChat(tx state.Tx, account string) (*state.Staff, error) {
	for _, a := range []string{account, anywhere(account)} {
		if a == "" {
			continue
		}
		found, err := state.StaffMembers.By(tx, "chat", state.TextKey(a))
		if err != nil {
			return nil, err
		}
		if len(found) > 0 {
			return found[0], nil
		}
	}
	return nil, nil
}

var (
	slackUser    = regexp.MustCompile(`^[UW][A-Z0-9]{0,31}$`)
	slackAccount = regexp.MustCompile(`^slack:([TE][A-Z0-9]{0,31})?:[UW][A-Z0-9]{0,31}$`)
)

// anywhere is an account without its workspace: "slack::U7" of "slack:T1:U7".
func anywhere(account string) string {
	system, rest, _ := strings.Cut(account, ":")
	team, user, ok := strings.Cut(rest, ":")
	if !ok || team == "" {
		return ""
	}
	return system + "::" + user
}

// chatID is an account as "kept staff add --slack" takes it: "T1:U7", "U7".
func chatID(account string) string {
	return strings.TrimPrefix(strings.TrimPrefix(account, "slack:"), ":")
}

// chatAccounts are those that somebody gets and those that are taken from them.
type chatAccounts struct{ add, drop []string }

// readAccounts reads accounts at Slack as people type them.
func readAccounts(words []string) (chatAccounts, error) {
	var out chatAccounts
	for _, w := range words {
		word, drop := strings.CutPrefix(strings.TrimSpace(w), "-")
		a := strings.TrimPrefix(strings.TrimSpace(word), "slack:")
		if slackUser.MatchString(a) {
			a = ":" + a
		}
		a = "slack:" + a
		if !slackAccount.MatchString(a) {
			return out, &state.Error{Class: state.Invalid, Code: "not_slack", Args: state.Args{"value": w}}
		}
		if drop {
			out.drop = append(out.drop, a)
		} else {
			out.add = append(out.add, a)
		}
	}
	return out, nil
}

// giveAccounts gives somebody accounts, and takes accounts from them, by a person's word.
func giveAccounts(tx state.Tx, m *state.Staff, a chatAccounts) error {
	var all []*state.Staff
	if len(a.add) > 0 {
		var err error
		if all, err = state.StaffMembers.List(tx, state.Range{}); err != nil {
			return err
		}
	}
	for _, x := range a.add {
		for _, other := range all {
			if other.Number != m.Number && slices.ContainsFunc(other.Chats, func(y string) bool { return sameAccount(x, y) }) {
				return taken("chat_taken", chatID(x), other)
			}
		}
		m.Unchats = slices.DeleteFunc(m.Unchats, func(y string) bool { return sameAccount(x, y) })
		if !slices.Contains(m.Chats, x) {
			m.Chats = append(m.Chats, x)
		}
	}
	for _, x := range a.drop {
		if !slices.ContainsFunc(m.Chats, func(y string) bool { return sameAccount(x, y) }) {
			return &state.Error{Class: state.Invalid, Code: "chat_not_theirs", Args: state.Args{"value": chatID(x), "name": m.Name,
				"number": state.StaffMembers.Ref(m.Number)}}
		}
		m.Chats = slices.DeleteFunc(m.Chats, func(y string) bool { return sameAccount(x, y) })
		if !slices.Contains(m.Unchats, x) {
			m.Unchats = append(m.Unchats, x)
		}
	}
	return nil
}

// sameAccount says whether two accounts may be one: alike, or one of them without its workspace.
func sameAccount(a, b string) bool { return a == b || anywhere(a) == b || a == anywhere(b) }

// StaffMap says whose an account of a chat is. Nobody has it: it becomes that of the one present
// staff member who has the address, as long as nobody took it from them by hand. What a person said
// is never changed, but where they named no workspace the account's own is noted. It is refused as
// "chat_unknown" where nobody can be told, and "chat_left" where they have left.
//
// Who asks is the process that knows the chat, as a job ([FromJob]): the account itself is nobody's yet.
func (s *Service) StaffMap(ctx context.Context, in StaffMapIn) (StaffMapOut, error) {
	in.Account = strings.TrimSpace(in.Account)
	if !slackAccount.MatchString(in.Account) || anywhere(in.Account) == "" {
		return StaffMapOut{}, &state.Error{Class: state.Invalid, Code: "not_slack", Args: state.Args{"value": in.Account}}
	}
	// Whose account is known is only read: many ask, and a write waits for others.
	known, err := view(ctx, s, func(tx state.Tx, now time.Time) (out StaffMapOut, err error) {
		m, err := staffByChat(tx, in.Account)
		if err != nil || m == nil || left(m, now) || slices.Contains(m.Chats, anywhere(in.Account)) {
			return out, err
		}
		out.Staff, err = s.showStaff(newLookup(tx, now), m, map[string]load{})
		return out, err
	})
	if err != nil || known.Staff.Number != "" {
		return known, err
	}
	return change(ctx, s, "staff.map", state.Args{"account": in.Account}, func(w *state.Writer) (StaffMapOut, error) {
		var out StaffMapOut
		m, err := staffByChat(w.Tx(), in.Account)
		if err != nil {
			return out, err
		}
		l := newLookup(w.Tx(), w.Cause.At)
		if m != nil {
			if left(m, w.Cause.At) {
				return out, chatLeft(in.Account, m)
			}
			if i := slices.Index(m.Chats, anywhere(in.Account)); i >= 0 {
				m.Chats[i] = in.Account
				if err := state.StaffMembers.Put(w, m); err != nil {
					return out, err
				}
				out.Mapped = true
			}
			out.Staff, err = s.showStaff(l, m, map[string]load{})
			return out, err
		}
		if m, err = s.staffToMap(w, in); err != nil {
			return out, err
		}
		if m == nil {
			return out, chatUnknown(in.Account, oneLine(in.Name))
		}
		m.Chats = append(m.Chats, in.Account)
		if err := state.StaffMembers.Put(w, m); err != nil {
			return out, err
		}
		out.Mapped = true
		out.Staff, err = s.showStaff(l, m, map[string]load{})
		return out, err
	})
}

// staffToMap gives the one present staff member whose an account is by its address, or nil.
func (s *Service) staffToMap(w *state.Writer, in StaffMapIn) (*state.Staff, error) {
	e, err := identity.NormalizeEmail(strings.TrimSpace(in.Email))
	if err != nil {
		return nil, nil // none is known, or none that could be anybody's
	}
	found, err := state.StaffMembers.By(w.Tx(), "email", state.TextKey(e.Shown))
	if err != nil {
		return nil, err
	}
	found = slices.DeleteFunc(found, func(m *state.Staff) bool { return left(m, w.Cause.At) })
	if len(found) != 1 || slices.ContainsFunc(found[0].Unchats, func(a string) bool { return sameAccount(a, in.Account) }) {
		return nil, nil
	}
	return found[0], nil
}
