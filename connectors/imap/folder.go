package imap

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/format/mail"
)

// folder is a folder of the mailbox.
type folder struct {
	raw   string // as the server has it
	name  string // as people are shown it
	delim string
	place mail.Place
	all   bool // every message of the mailbox lies in it (\All)
	view  bool // its messages lie elsewhere too (\Flagged, \Important)

	told     bool // whether what follows is known
	validity uint32
	next     uint32 // UIDNEXT; 0: not told
	messages uint32
	modseq   uint64
}

// uses are what folders are for, as servers say it (RFC 6154).
var uses = map[string]mail.Place{`\sent`: mail.Sent, `\drafts`: mail.Drafts, `\junk`: mail.Spam, `\trash`: mail.Trash}

// listFolders lists the folders that can be opened; with states, what has changed in each is known
// from the same answer, where the server can do that (LIST-STATUS, RFC 5819).
func (s *session) listFolders(ctx context.Context, states bool) ([]*folder, error) {
	var options []string
	if s.can("LIST-EXTENDED") || s.can("IMAP4REV2") {
		if s.can("SPECIAL-USE") || s.can("IMAP4REV2") {
			options = append(options, "SPECIAL-USE")
		}
		if states && (s.can("LIST-STATUS") || s.can("IMAP4REV2")) {
			options = append(options, "STATUS "+s.stateItems())
		}
	}
	all, err := s.list(ctx, options)
	var no *refusal
	if errors.As(err, &no) && len(options) > 0 && !limited(no.r.code, no.r.text) {
		all, err = s.list(ctx, nil)
	}
	if err == nil && len(all) == 0 {
		err = &connectors.Error{Class: connectors.Transient, Text: s.c.System() + " shows no folder at all, not even the inbox; try again later"}
	}
	return all, err
}

func (s *session) stateItems() string {
	if s.can("CONDSTORE") || s.can("QRESYNC") {
		return "(MESSAGES UIDNEXT UIDVALIDITY HIGHESTMODSEQ)"
	}
	return "(MESSAGES UIDNEXT UIDVALIDITY)"
}

// maxFolders is how many folders are listed.
const maxFolders = 20000

func (s *session) list(ctx context.Context, options []string) ([]*folder, error) {
	command := []any{"LIST", `""`, `"*"`}
	if len(options) > 0 {
		command = append(command, "RETURN ("+strings.Join(options, " ")+")")
	}
	var all []*folder
	byName := map[string]*folder{}
	var states []*response
	_, err := s.do(ctx, func(r *response) {
		if r.name == "STATUS" {
			states = append(states, r)
			return
		}
		if f := folderOf(r); f != nil && byName[f.raw] == nil && len(all) < maxFolders {
			byName[f.raw] = f
			all = append(all, f)
		}
	}, command...)
	for _, r := range states {
		if len(r.args) == 2 {
			if f := byName[inboxName(r.args[0].text)]; f != nil {
				f.state(r)
			}
		}
	}
	return all, err
}

// inboxName gives the one folder whose case does not matter its usual name.
func inboxName(raw string) string {
	if strings.EqualFold(raw, "INBOX") {
		return "INBOX"
	}
	return raw
}

// folderOf reads a LIST response; nil of a folder that cannot be opened.
func folderOf(r *response) *folder {
	if r.name != "LIST" || len(r.args) < 3 || !r.args[0].isList {
		return nil
	}
	f := &folder{raw: inboxName(r.args[2].text), delim: r.args[1].str()}
	f.name = decodeName(f.raw)
	for _, a := range r.args[0].list {
		switch low := strings.ToLower(a.text); low {
		case `\noselect`, `\nonexistent`:
			return nil
		case `\all`:
			f.all = true
		case `\flagged`, `\important`:
			f.view = true
		default:
			if p, ok := uses[low]; ok {
				f.place = p
			}
		}
	}
	if f.place == "" && f.raw != "INBOX" {
		name := f.name
		if f.delim != "" && f.delim != "/" {
			name = strings.ReplaceAll(name, f.delim, "/")
		}
		f.place = mail.PlaceOf(name)
	}
	if f.raw == "" {
		return nil
	}
	return f
}

// state reads a STATUS response.
func (f *folder) state(r *response) {
	items := r.args[1].list
	for i := 0; i+1 < len(items); i += 2 {
		n, ok := items[i+1].number()
		if !ok {
			continue
		}
		switch strings.ToUpper(items[i].text) {
		case "UIDVALIDITY":
			f.validity, f.told = uint32(n), true
		case "UIDNEXT":
			f.next = uint32(n)
		case "MESSAGES":
			f.messages = uint32(n)
		case "HIGHESTMODSEQ":
			f.modseq = n
		}
	}
}

// ask asks for the state of one folder.
func (s *session) ask(ctx context.Context, f *folder) error {
	_, err := s.do(ctx, func(r *response) {
		if r.name == "STATUS" && len(r.args) == 2 && inboxName(r.args[0].text) == f.raw {
			f.state(r)
		}
	}, "STATUS", arg(f.raw), s.stateItems())
	return err
}

// foreign lists the beginnings of the names of folders that belong to others (RFC 2342).
func (s *session) foreign(ctx context.Context) ([]string, error) {
	if !s.can("NAMESPACE") {
		return nil, nil
	}
	var out []string
	_, err := s.do(ctx, func(r *response) {
		if r.name != "NAMESPACE" {
			return
		}
		for _, kind := range r.args[min(1, len(r.args)):] {
			for _, space := range kind.list {
				if len(space.list) > 0 && space.list[0].text != "" {
					out = append(out, space.list[0].text)
				}
			}
		}
	}, "NAMESPACE")
	var no *refusal
	if errors.As(err, &no) {
		return nil, nil // then there are none that anybody knows of
	}
	return out, err
}

// noMail are folders of Exchange that hold other things than mail, in its languages.
var noMail = map[string]bool{}

func init() {
	for name := range strings.SplitSeq("calendar|contacts|tasks|notes|journal|sync issues|conversation history|rss feeds|kalender|kontakte|aufgaben|notizen|synchronisierungsprobleme|"+
		"日历|联系人|任务|便笺|日记|calendrier|contacts suggérés|tâches|calendario|contactos|contatti|tareas|attività|contatos|tarefas", "|") {
		noMail[name] = true
	}
}

// gmail says whether all messages are read from the one folder that has them, with their labels.
func gmail(s *session, all []*folder) *folder {
	if !s.can("X-GM-EXT-1") {
		return nil
	}
	if i := slices.IndexFunc(all, func(f *folder) bool { return f.all }); i >= 0 {
		return all[i]
	}
	return nil
}

// chosen gives the folders that are read, in order: those of sent mail first, so that a message that
// lies in several is told as sent, then the inbox, then the others by name.
func (c *connection) chosen(s *session, all []*folder) ([]*folder, error) {
	var out []*folder
	one := gmail(s, all)
	found := map[string]bool{}
	for _, f := range all {
		wanted := len(c.folders) == 0
		for _, name := range c.folders {
			if f.within(name) {
				wanted, found[name] = true, true
			}
		}
		switch {
		case !wanted, f.place == mail.Drafts:
		case len(c.folders) > 0:
			out = append(out, f)
		case c.skip[f.place], slices.ContainsFunc(c.skipped, f.within):
		case one != nil && f != one && f.place != mail.Spam && f.place != mail.Trash:
		case one == nil && (f.all || f.view):
		case c.Provider() == "microsoft365" && noMail[strings.ToLower(strings.Split(f.name, or(f.delim, "/"))[0])]:
		case slices.ContainsFunc(s.others, func(prefix string) bool { return strings.HasPrefix(f.raw, prefix) }):
		default:
			out = append(out, f)
		}
	}
	for _, name := range c.folders {
		if !found[name] {
			return nil, &connectors.Error{Class: connectors.NotFound, Text: "there is no folder " + name + " at " + c.System() + "; the option folders names folders as the mail program shows them, those within others with their whole path"}
		}
	}
	if len(out) == 0 {
		return nil, &connectors.Error{Class: connectors.NotFound, Text: "there is no folder to read at " + c.System() + "; look at the options folders and skip"}
	}
	rank := func(f *folder) int {
		switch {
		case f.place == mail.Sent:
			return 0
		case f.raw == "INBOX":
			return 1
		}
		return 2
	}
	slices.SortStableFunc(out, func(a, b *folder) int {
		if d := rank(a) - rank(b); d != 0 {
			return d
		}
		return strings.Compare(a.name, b.name)
	})
	return out, nil
}

// within says whether a folder is the one that a person named, or lies in it.
func (f *folder) within(name string) bool {
	own := f.name
	if f.delim != "" && f.delim != "/" && !strings.Contains(name, f.delim) {
		own = strings.ReplaceAll(own, f.delim, "/")
		if rest, ok := strings.CutPrefix(own, "INBOX/"); ok && !strings.HasPrefix(strings.ToUpper(name), "INBOX/") && strings.EqualFold(rest, name) {
			return true
		}
	}
	delim := "/"
	if f.delim != "" && strings.Contains(name, f.delim) {
		delim = f.delim
	}
	return strings.EqualFold(own, name) || len(own) > len(name) && strings.EqualFold(own[:len(name)], name) && strings.HasPrefix(own[len(name):], delim) && !strings.EqualFold(name, "INBOX")
}
