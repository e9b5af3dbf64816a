package cmd

import (
	"slices"
	"strconv"
	"strings"

	"github.com/keptcrm/kept/bot"
	"github.com/keptcrm/kept/bot/text"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

// The marks of a plan's lines.
const (
	markChange   = "~"
	markCreate   = "+"
	markDelete   = "-"
	markJoined   = "="
	markQuestion = "?"
	markConflict = "!"
)

// planLines is how many lines of a plan an answer shows; "sync plan ID" shows all.
const planLines = 60

// refusedLines is how many rows that could not be read an answer names; the questions have them all.
const refusedLines = 10

// syncCard says what was read and written, what would be, and what waits. err is what the sync ended
// with; it may be nil.
func syncCard(p *text.Printer, out service.SyncOut, err *state.Error) bot.Card {
	s := newSheet("", out)
	var rows []bot.Row
	for _, c := range out.Connections {
		rows = append(rows, row(c.Name, typed(c.Name), dim(c.Type), plain(read(p, c, out.Dry)), alarm(unfinished(p, c))))
	}
	s.table("", 2, rows)
	var lines []string
	for _, c := range out.Connections {
		lines = append(lines, rejected(p, c, out.Dry)...)
		for i, w := range c.Refused {
			if i == refusedLines {
				lines = append(lines, c.Name+": "+p.T("sync.more", state.Args{"n": strconv.Itoa(len(c.Refused) - i)}))
				break
			}
			if w.Error != nil {
				lines = append(lines, c.Name+", "+w.Customer.Name+": "+p.Error(w.Error))
			}
		}
		if c.Error != nil {
			lines = append(lines, p.Error(c.Error))
		}
	}
	s.lines("", lines...)
	if out.Plan != nil {
		heading := "sync.plan.dry"
		if !out.Dry {
			heading = "sync.plan." + out.Plan.State
		}
		planRows(s, p, p.T(heading, state.Args{"plan": out.Plan.ID}), out.Plan, planLines)
	}
	syncEnd(s, p, out, err)
	return s.card
}

// read says what was read of a connection and what came of it; its figures reconcile.
func read(p *text.Printer, c service.SyncConnection, dry bool) string {
	n := c.Run.Counts
	parts := []string{}
	add := func(key string, n int64) {
		if n != 0 {
			parts = append(parts, p.T("sync."+key, state.Args{"n": strconv.FormatInt(n, 10)}))
		}
	}
	add2 := func(key string, n int64) {
		parts = append(parts, p.T("sync."+key, state.Args{"n": strconv.FormatInt(n, 10)}))
	}
	if dry {
		add2("read", n.Told)
		add2("new", n.New)
		add2("changed", n.Changed)
		add2("gone", n.Gone)
		add("aside", n.Aside-n.Answered)
		return strings.Join(parts, p.T("card.comma"))
	}
	add2("told", n.Told)
	add2("seen", n.Seen)
	add("aside", n.Aside-n.Answered)
	add2("written_here", n.New+n.Changed+n.Gone)
	if c.Mode != service.ModePull || c.Sent > 0 {
		add2("sent", int64(c.Sent))
	}
	return strings.Join(parts, p.T("card.comma"))
}

// unfinished says what was not done at a connection.
func unfinished(p *text.Printer, c service.SyncConnection) string {
	var parts []string
	add := func(key string, n int) {
		if n != 0 {
			parts = append(parts, p.T("sync."+key, state.Args{"n": strconv.Itoa(n)}))
		}
	}
	if c.Error != nil {
		parts = append(parts, p.T("sync.failed_connection"))
	}
	add("refused", c.Failed)
	add("lost", c.Lost)
	add("waiting", c.Waiting)
	return strings.Join(parts, p.T("card.comma"))
}

func rejected(p *text.Printer, c service.SyncConnection, dry bool) []string {
	var lines []string
	left := 0
	for _, r := range c.Rejected {
		switch {
		case r.Answered:
		case len(lines) == refusedLines:
			left++
		default:
			lines = append(lines, c.Name+" "+refusal(r, dry))
		}
	}
	if left > 0 {
		lines = append(lines, c.Name+": "+p.T("sync.more", state.Args{"n": strconv.Itoa(left)})+": "+p.Command("questions --from "+c.Name))
	}
	return lines
}

// planRows shows a plan: what is written where and why, what was found to be one, what waits. most is
// how many lines; 0: all.
func planRows(s *sheet, p *text.Printer, heading string, plan *service.SyncPlan, most int) {
	var rows []bot.Row
	for _, w := range merged(plan.Writes) {
		rows = append(rows, writeRows(p, w)...)
	}
	for _, j := range plan.Joined {
		rows = append(rows, row(j.Customer.Number, dim(markJoined), strong(j.Customer.Name), plain(p.T("sync.joined", state.Args{"records": recordWords(p, j.Records)})), dim(evidenceLine(p, j.Evidence))))
	}
	for _, q := range plan.Questions {
		mark := markQuestion
		if q.Kind == state.QuestionConflict || q.Kind == state.QuestionLost {
			mark = markConflict
		}
		name := ""
		if q.A != nil {
			name = q.A.Name
		}
		see := p.T("question.see", state.Args{"number": q.Number})
		if q.Number == "" {
			see = ""
		}
		rows = append(rows, row(q.Number, alarm(mark), strong(name), plain(questionWords(p, q)), typed(see)))
	}
	left := 0
	if most > 0 && len(rows) > most {
		left = len(rows) - most
		rows = rows[:most]
	}
	s.table(heading, 2, rows)
	if left > 0 {
		s.lines("", p.T("sync.more", state.Args{"n": strconv.Itoa(left)})+": "+p.Command("sync plan "+plan.ID))
	}
}

// questionWords is a question without its customer's name, which stands before it.
func questionWords(p *text.Printer, q service.Question) string {
	switch {
	case q.Kind == state.QuestionMatch && q.B != nil:
		return p.T("sync.may_be", state.Args{"b": q.B.Name + " " + q.B.Number})
	case q.Kind == state.QuestionConflict:
		return p.T("sync.conflict", state.Args{"field": q.Field, "connections": strings.Join(slices.Sorted(slices.Values(q.Options)), p.T("card.comma"))})
	}
	return bot.Asked(p, q)
}

// atPlaces is a write that is the same at several connections.
type atPlaces struct {
	service.SyncWrite
	at []string
}

// merged puts writes together that say the same of one customer at several connections.
func merged(writes []service.SyncWrite) []atPlaces {
	var out []atPlaces
	last := map[string]int{}
	for _, w := range writes {
		key := w.Action + "\x00" + w.Customer.Number + "\x00" + w.Customer.Name + "\x00" + w.Rule + "\x00" + w.State
		for _, f := range w.Fields {
			key += "\x00" + f.Field + "\x01" + strings.Join(f.Before, "\x02") + "\x01" + strings.Join(f.After, "\x02") + "\x01" + f.From + "\x01" + f.Why
		}
		if i, ok := last[key]; ok && w.Customer.Number != "" {
			out[i].at = append(out[i].at, w.Connection)
			continue
		}
		last[key] = len(out)
		out = append(out, atPlaces{w, []string{w.Connection}})
	}
	return out
}

func writeRows(p *text.Printer, w atPlaces) []bot.Row {
	at := strings.Join(w.at, p.T("card.comma"))
	mark, tone := markChange, strong
	switch w.Action {
	case service.WriteCreate:
		mark = markCreate
		why := p.Term("sync.why", w.Why)
		if w.Rule != "" {
			why = p.T("sync.rule", state.Args{"rule": strings.ReplaceAll(w.Rule, ":", " ")})
		}
		rows := []bot.Row{row(w.Customer.Number, plain(mark), tone(w.Customer.Name), plain(p.T("sync.create", state.Args{"at": at})), dim(why))}
		for _, f := range w.Fields {
			if f.Field == service.FieldOptout {
				rows = append(rows, row(w.Customer.Number, plain(""), plain(""), plain(fieldWords(p, f)), dim(originWords(p, f, at))))
			}
		}
		return rows
	case service.WriteDelete:
		return []bot.Row{row(w.Customer.Number, alarm(markDelete), tone(w.Customer.Name), alarm(p.T("sync.delete", state.Args{"at": at, "record": w.Record})), dim(p.Term("sync.why", w.Why)))}
	}
	var rows []bot.Row
	for i, f := range w.Fields {
		name := tone(w.Customer.Name)
		if i > 0 {
			mark, name = "", plain("")
		}
		origin := dim(originWords(p, f, at))
		if w.State == service.WriteRefused || w.State == service.WriteAsked || w.State == service.WriteStale {
			origin = alarm(p.Term("sync.state", w.State))
		}
		rows = append(rows, row(w.Customer.Number, plain(mark), name, plain(fieldWords(p, f)), origin))
	}
	return rows
}

// fieldWords says how a field changes: a list by what comes and goes.
func fieldWords(p *text.Printer, f service.SyncField) string {
	before := slices.DeleteFunc(slices.Clone(f.Before), func(v string) bool { return slices.Contains(f.After, v) })
	after := slices.DeleteFunc(slices.Clone(f.After), func(v string) bool { return slices.Contains(f.Before, v) })
	name := p.Term("column", f.Field)
	comma := p.T("card.comma")
	switch {
	case len(before) == 0 && len(after) == 0: // only their order or labels
		return name + " " + strings.Join(f.After, comma)
	case len(before) == 0:
		return p.T("sync.added", state.Args{"field": f.Field, "values": strings.Join(after, comma)})
	case len(after) == 0:
		return p.T("sync.taken", state.Args{"field": f.Field, "values": strings.Join(before, comma)})
	}
	return name + " " + strings.Join(before, comma) + " -> " + strings.Join(after, comma)
}

// originWords says whose word a change is, and where it goes.
func originWords(p *text.Printer, f service.SyncField, at string) string {
	from := f.From
	if f.Why == service.WhyOptedOut && f.Field == service.FieldOptout {
		args := state.Args{"from": from}
		if from == state.OwnConnection {
			args["from"] = ""
		}
		if !f.At.IsZero() {
			args["at"] = p.ShortDay(f.At)
		}
		return joined(" -> ", p.T("sync.optout", args), at)
	}
	switch {
	case from == "kept" || from == "" && f.Why == "by_hand":
		from = p.T("sync.by_hand")
	case from == "":
		from = p.Term("sync.why", f.Why)
	}
	if !f.At.IsZero() {
		from = p.T("sync.edited", state.Args{"from": from, "at": p.Moment(f.At)})
	}
	if f.Why == "owner" || f.Why == "newest" || f.Why == "answered" || f.Why == "strictest" {
		from = joined(p.T("card.comma"), from, p.Term("sync.why", f.Why))
	}
	return joined(" -> ", from, at)
}

func recordWords(p *text.Printer, records []service.RecordRef) string {
	var words []string
	for _, r := range records {
		words = append(words, r.Connection+" "+shortID(r.ID))
	}
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return p.T("sync.and", state.Args{"a": strings.Join(words[:len(words)-1], p.T("card.comma")), "b": words[len(words)-1]})
}

// short cuts an ID that nobody reads to its end.
func shortID(id string) string {
	r := []rune(id)
	if len(r) <= 24 {
		return id
	}
	return string(r[:10]) + "…" + string(r[len(r)-10:])
}

// writesAt counts writes by connection: "2 writes at shop, 1 at book".
func writesAt(p *text.Printer, writes []service.SyncWrite) string {
	counts := map[string]int{}
	for _, w := range writes {
		counts[w.Connection]++
	}
	return counted(p, counts)
}

func counted(p *text.Printer, counts map[string]int) string {
	var parts []string
	for i, name := range sortedKeys(counts) {
		key := "sync.writes_at"
		if i > 0 {
			key = "sync.at"
		}
		parts = append(parts, p.T(key, state.Args{"n": strconv.Itoa(counts[name]), "connection": name}))
	}
	return strings.Join(parts, p.T("card.comma"))
}

// syncEnd says how it ended and what to do next.
func syncEnd(s *sheet, p *text.Printer, out service.SyncOut, err *state.Error) {
	failed := false
	unapproved, again := map[string]int{}, map[string]int{}
	for _, c := range out.Connections {
		failed = failed || c.Error != nil || c.Failed > 0 || c.Lost > 0
		switch {
		case c.Writes == 0 || c.Error != nil:
		case c.NeedsPlan:
			unapproved[c.Name] = c.Writes
		default:
			again[c.Name] = c.Writes
		}
	}
	waits, asks := "", out.Asks
	if out.Plan != nil {
		asks = max(asks, len(out.Plan.Questions)) // those of a dry run come to the others when it ends
	}
	if asks > 0 {
		waits = p.T("sync.questions", state.Args{"n": strconv.Itoa(asks)})
		if out.More > 0 {
			waits = joined(" ", waits, p.T("sync.questions_more", state.Args{"n": strconv.Itoa(out.More)}))
		}
	}
	planned := out.Plan != nil && len(out.Plan.Writes) > 0
	stop := func(words ...string) string {
		return p.T("sync.sentence", state.Args{"words": joined(p.T("sync.semicolon"), words...)})
	}
	switch {
	case out.Dry && planned:
		s.lines("", stop(writesAt(p, out.Plan.Writes), waits), p.T("sync.apply", state.Args{"plan": out.Plan.ID}))
	case out.Dry && !failed:
		s.lines("", joined(" ", p.T("sync.no_writes"), waits))
	case !failed && err == nil && len(unapproved)+len(again) == 0:
		s.lines("", joined(" ", p.T("sync.in_step"), waits))
	default:
		if !out.Dry && len(unapproved) > 0 {
			s.lines("", p.T("sync.not_sent", state.Args{"writes": counted(p, unapproved)}))
		}
		if !out.Dry && len(again) > 0 {
			s.lines("", p.T("sync.again", state.Args{"writes": counted(p, again)}))
		}
		s.lines("", waits)
	}
}
