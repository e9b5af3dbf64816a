package csv

import (
	"fmt"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/keptcrm/kept/connectors"
)

// report gathers what could not be read.
type report struct{ rejected []connectors.Rejected }

func (r *report) kept(where, field, reason string) {
	r.rejected = append(r.rejected, connectors.Rejected{Where: where, Field: field, Reason: reason, Kept: true})
}

// source is the cells that a record is made of, each with the line that told it.
type source struct {
	cells []string
	lines []int64
}

func oneRow(cells []string, line int64) source {
	s := source{cells: cells, lines: make([]int64, len(cells))}
	for i := range s.lines {
		s.lines[i] = line
	}
	return s
}

// contactDraft is a contact being read.
type contactDraft struct {
	p      *plan
	src    source
	rec    connectors.Record
	fields map[string][]connectors.Value
	at     map[string]time.Time // times of consents, by folded column name
	rep    *report
}

func (d *contactDraft) values(field string) []connectors.Value      { return d.fields[field] }
func (d *contactDraft) set(field string, values []connectors.Value) { d.fields[field] = values }

// add adds a value that is not there yet.
func (d *contactDraft) add(field string, v connectors.Value) {
	for _, old := range d.fields[field] {
		if old.Text == v.Text && (old.Label == v.Label || field == connectors.FieldCompany || field == connectors.FieldAddress || field == connectors.FieldEmail || field == connectors.FieldPhone) {
			return
		}
	}
	d.fields[field] = append(d.fields[field], v)
}

func (d *contactDraft) bad(col int, format string, args ...any) {
	d.rep.kept(where(d.p.File, d.src.lines[col]), d.p.Columns[col].Name, fmt.Sprintf(format, args...))
	// What could not be understood is not lost: the record has it as it stands.
	if field := customTarget(d.p.Columns[col].Name); field != "" {
		d.add(field, connectors.Value{Text: strings.TrimSpace(d.src.cells[col])})
	}
}

// contact reads the fields of a contact from a row. Its ID and Keyed are set by the caller.
func (p *plan) contact(src source, rep *report) connectors.Record {
	d := p.draftContact(src, rep)
	for i := range src.cells {
		d.read(i)
	}
	return d.finish()
}

func (p *plan) draftContact(src source, rep *report) *contactDraft {
	return &contactDraft{p: p, src: src, rep: rep, fields: map[string][]connectors.Value{}, at: map[string]time.Time{},
		rec: connectors.Record{Kind: connectors.Contact}}
}

func (d *contactDraft) label(t target) string {
	label := t.label
	if n, ok := strings.CutPrefix(label, "@"); ok {
		label = ""
		if i, err := strconv.Atoi(n); err == nil && i < len(d.src.cells) {
			label = strings.ToLower(clean(strings.TrimPrefix(clean(d.src.cells[i]), "*")))
		}
	}
	return label
}

// aside marks the labels of values that count only where there is no better one.
const aside = "\x00"

var scientific = regexp.MustCompile(`^\d([.,]\d+)?[eE]\+\d+$`)

// read takes in one cell.
func (d *contactDraft) read(i int) {
	if i >= len(d.p.targets) {
		return
	}
	t, cell := d.p.targets[i], clean(d.src.cells[i])
	if cell == "" {
		return
	}
	label := d.label(t)
	switch t.name {
	case connectors.FieldEmail:
		for _, part := range d.p.split(cell) {
			d.email(i, part, label)
		}
	case connectors.FieldPhone:
		for _, part := range d.p.split(cell) {
			switch {
			case scientific.MatchString(part):
				d.bad(i, "phone number %q was shortened by a spreadsheet", part)
			case !strings.ContainsFunc(part, unicode.IsDigit):
				d.bad(i, "phone number %q has no digits", short(part))
			default:
				d.add(t.name, connectors.Value{Text: part, Label: label})
			}
		}
	case connectors.FieldTag:
		tags := splitTags(cell, d.p.tagSeparator(cell))
		if d.p.layout.multi != "" {
			tags = d.p.split(cell)
		}
		for _, tag := range tags {
			d.add(t.name, connectors.Value{Text: tag})
		}
	case connectors.FieldAddress: // gathered in finish
	case connectors.FieldBirthday:
		if emptyDate(cell) {
			return
		}
		if when, ok := parseTime(cell, d.p.Columns[i].Dates, time.UTC); ok {
			cell = when.Format(time.DateOnly)
		}
		d.add(t.name, connectors.Value{Text: cell})
	case connectors.FieldName, connectors.FieldGiven, connectors.FieldFamily:
		if label == "shipping" || label == "billing" {
			label = aside
		}
		d.add(t.name, connectors.Value{Text: cell, Label: label})
	case "created":
		d.rec.Created = d.time(i, cell)
	case "modified":
		d.rec.Modified = d.time(i, cell)
	case "consent_at", "optout_at":
		if !emptyDate(cell) {
			d.at[d.p.names[i]] = d.time(i, cell)
		}
	case "", "id", "consent", "optout", "status", "order", "line", "buyer":
	case "custom":
		d.add(connectors.CustomPrefix+t.part, connectors.Value{Text: cell})
	default:
		for _, part := range d.p.split(cell) {
			d.add(t.name, connectors.Value{Text: part, Label: label})
		}
	}
}

func (p *plan) tagSeparator(cell string) rune {
	if p.layout.tags != 0 {
		return p.layout.tags
	}
	if strings.ContainsRune(cell, ';') && !strings.ContainsRune(cell, ',') {
		return ';'
	}
	return ','
}

func (d *contactDraft) email(i int, text, label string) {
	if e, ok := parseEmail(text); ok {
		d.add(connectors.FieldEmail, connectors.Value{Text: e, Label: label})
		return
	}
	// Several addresses in a cell of a table that a person made.
	parts := strings.FieldsFunc(text, func(c rune) bool { return c == ',' || c == ';' || c == ' ' || c == '\n' || c == '/' })
	var good []string
	for _, part := range parts {
		if e, ok := parseEmail(part); ok {
			good = append(good, e)
		}
	}
	if len(parts) < 2 || len(good) < len(parts) {
		d.bad(i, "e-mail %q is no address", short(text))
		return
	}
	for _, e := range good {
		d.add(connectors.FieldEmail, connectors.Value{Text: e, Label: label})
	}
}

func (d *contactDraft) time(i int, cell string) time.Time {
	when, ok := parseTime(cell, d.p.Columns[i].Dates, d.p.zone)
	if !ok {
		d.bad(i, "%q is no date", short(cell))
	}
	return when
}

// short bounds what a message quotes.
func short(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:57]) + "..."
	}
	return s
}

func (d *contactDraft) finish() connectors.Record {
	d.addresses()
	d.preferNames()
	d.consents()
	if d.p.layout.contact != nil {
		d.p.layout.contact(d.p, d)
	}
	names := make([]string, 0, len(d.fields))
	for n, v := range d.fields {
		if len(v) > 0 {
			names = append(names, n)
		}
	}
	sort.Strings(names)
	d.rec.Fields = slices.Grow(d.rec.Fields, len(names))
	for _, n := range names {
		d.rec.Fields = append(d.rec.Fields, connectors.Field{Name: n, Values: d.fields[n]})
	}
	d.rec.Covers = d.p.covers // shared: nobody changes it
	return d.rec
}

var nameFields = [...]string{connectors.FieldName, connectors.FieldGiven, connectors.FieldFamily}

// preferNames drops the names of billing and shipping addresses where the contact has its own.
func (d *contactDraft) preferNames() {
	own, other := false, false
	for _, f := range nameFields {
		for _, v := range d.fields[f] {
			own, other = own || v.Label != aside, other || v.Label == aside
		}
	}
	if !other {
		return
	}
	for _, f := range nameFields {
		var kept []connectors.Value
		for _, v := range d.fields[f] {
			if v.Label == aside {
				if own || len(kept) > 0 {
					continue
				}
				v.Label = ""
			}
			kept = append(kept, v)
		}
		d.fields[f] = kept
	}
}

// addresses gathers the cells of each address.
func (d *contactDraft) addresses() {
	var order []string
	parts := map[string]map[string]string{}
	labels := map[string]string{}
	for i, t := range d.p.targets {
		if t.name != connectors.FieldAddress || i >= len(d.src.cells) {
			continue
		}
		cell := clean(d.src.cells[i])
		if cell == "" {
			continue
		}
		if parts[t.label] == nil {
			order = append(order, t.label)
			parts[t.label], labels[t.label] = map[string]string{}, d.label(t)
		}
		if old := parts[t.label][t.part]; old != "" && old != cell {
			cell = old + ", " + cell
		}
		parts[t.label][t.part] = cell
	}
	for _, group := range order {
		a := parts[group]
		text := a["formatted"]
		delete(a, "formatted")
		if text == "" {
			town := strings.TrimSpace(a[connectors.PartPostcode] + " " + a[connectors.PartCity])
			for _, s := range []string{a[connectors.PartPOBox], a[connectors.PartStreet], a[connectors.PartStreet2], town, a[connectors.PartRegion], a[connectors.PartCountry]} {
				if s != "" {
					text = strings.TrimPrefix(text+", "+s, ", ")
				}
			}
		}
		if len(a) == 0 {
			a = nil
		}
		d.add(connectors.FieldAddress, connectors.Value{Text: text, Label: labels[group], Parts: a})
	}
}

// consent adds what was said about every address of a channel that the contact has.
func (d *contactDraft) consent(channel, purpose string, state connectors.ConsentState, at time.Time, field, words string) {
	if i, ok := d.p.folded[fold(field)]; ok {
		field = d.p.Columns[i].Name
	} else {
		field = ""
	}
	var addresses []connectors.Value
	switch channel {
	case "email":
		addresses = d.fields[connectors.FieldEmail]
		if len(addresses) == 0 && state == connectors.OptedOut {
			// Who refuses without an e-mail address that could be read refuses where we can reach them.
			channel, addresses = "sms", d.fields[connectors.FieldPhone]
		}
	case "sms", "phone":
		addresses = d.fields[connectors.FieldPhone]
	case "post":
		addresses = d.fields[connectors.FieldAddress]
	}
	for _, a := range addresses {
		d.rec.Consents = append(d.rec.Consents, connectors.Consent{
			Channel: channel, Purpose: purpose, State: state, Address: a.Text, At: at, Field: field, Words: words,
		})
	}
}

// consents reads the columns about consent. What cannot be understood in a column of refusals is
// taken as a refusal, and told.
func (d *contactDraft) consents() {
	for i, t := range d.p.targets {
		if i >= len(d.src.cells) {
			return
		}
		cell := clean(d.src.cells[i])
		if cell == "" {
			continue
		}
		name := d.p.Columns[i].Name
		switch t.name {
		case "consent":
			if state, ok := statusState(cell); ok && state != connectors.Granted {
				d.consent(t.part, purposeOf(state), state, d.when("optout_at."+t.part), name, cell)
				continue
			}
			said := yesNo(cell)
			if state, ok := statusState(cell); ok && state == connectors.Granted {
				said = yes
			}
			switch said {
			case yes:
				d.consent(t.part, "marketing", connectors.Granted, d.when("consent_at."+t.part), name, cell)
			case no:
				d.consent(t.part, "marketing", connectors.Withheld, time.Time{}, name, cell)
			case unclear:
				d.bad(i, "%q is neither yes nor no", short(cell))
			}
		case "optout":
			at, dated := parseTime(cell, d.p.Columns[i].Dates, d.p.zone)
			if !dated {
				at = d.when("optout_at." + t.part)
			}
			if state, ok := statusState(cell); ok && state == connectors.Granted || yesNo(cell) == no {
				continue
			}
			if yesNo(cell) == unclear && !dated {
				if _, ok := statusState(cell); !ok {
					d.bad(i, "%q is neither yes nor no; taken as an opt-out", short(cell))
				}
			}
			d.consent(t.part, "marketing", connectors.OptedOut, at, name, cell)
		case "status":
			state, ok := statusState(cell)
			if !ok {
				d.bad(i, "%q does not say whether they subscribed", short(cell))
				continue
			}
			when := "optout_at."
			if state == connectors.Granted {
				when = "consent_at."
			}
			d.consent(t.part, purposeOf(state), state, d.when(when+t.part), name, cell)
		}
	}
	// A time at which somebody left says so, if nothing else did.
	if len(d.rec.Consents) == 0 && len(d.p.byName["status.email"]) == 0 && d.p.layout.contact == nil {
		for _, channel := range []string{"email", "sms", "phone", "post"} {
			if at := d.when("optout_at." + channel); !at.IsZero() {
				d.consent(channel, "marketing", connectors.OptedOut, at, d.p.Columns[d.p.byName["optout_at."+channel][0]].Name, at.Format(time.RFC3339))
			}
		}
	}
}

// when gives the latest time that the columns of a target told.
func (d *contactDraft) when(name string) time.Time {
	var last time.Time
	for _, i := range d.p.byName[name] {
		if t := d.at[d.p.names[i]]; t.After(last) {
			last = t
		}
	}
	return last
}

func purposeOf(state connectors.ConsentState) string {
	if state == connectors.Undeliverable {
		return "all"
	}
	return "marketing"
}

var statuses = map[string]connectors.ConsentState{
	"subscribed": connectors.Granted, "opted in": connectors.Granted, "angemeldet": connectors.Granted, "abonniert": connectors.Granted, "abonné": connectors.Granted, "suscrito": connectors.Granted, "已订阅": connectors.Granted,
	"unsubscribed": connectors.OptedOut, "opted out": connectors.OptedOut, "optout": connectors.OptedOut, "opt out": connectors.OptedOut, "abgemeldet": connectors.OptedOut,
	"désabonné": connectors.OptedOut, "désinscrit": connectors.OptedOut, "cancelado": connectors.OptedOut, "dado de baja": connectors.OptedOut, "退订": connectors.OptedOut, "已退订": connectors.OptedOut,
	"complained": connectors.OptedOut, "spam": connectors.OptedOut, "blocked": connectors.OptedOut,
	"cleaned": connectors.Undeliverable, "bounced": connectors.Undeliverable, "hard bounce": connectors.Undeliverable, "undeliverable": connectors.Undeliverable,
	"non subscribed": connectors.Withheld, "nonsubscribed": connectors.Withheld, "not subscribed": connectors.Withheld, "transactional": connectors.Withheld, "pending": connectors.Withheld, "unconfirmed": connectors.Withheld,
	"archived": connectors.Withheld, "deleted": connectors.Withheld, "inactive": connectors.Withheld, "未订阅": connectors.Withheld,
}

// subscriptionWords are those of statuses that are said of nothing but subscriptions.
var subscriptionWords = wordsOf("subscribed|unsubscribed|opted in|opted out|optout|opt out|non subscribed|nonsubscribed|not subscribed|cleaned|" +
	"angemeldet|abgemeldet|abonniert|abonné|désabonné|désinscrit|suscrito|dado de baja|已订阅|未订阅|退订|已退订")

func wordsOf(list string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Split(list, "|") {
		set[w] = true
	}
	return set
}

// subscriptions says whether cells tell who subscribed: nearly all are such words, and one at least
// is said of nothing else.
func subscriptions(cells []string) bool {
	known, sure := 0, false
	for _, c := range cells {
		if _, ok := statusState(c); ok {
			known++
			sure = sure || subscriptionWords[statusWord(c)]
		}
	}
	return sure && known*10 >= len(cells)*9
}

var statusSpaces = strings.NewReplacer("-", " ", "_", " ")

func statusWord(cell string) string { return statusSpaces.Replace(fold(cell)) }

// statusState reads a word such as "unsubscribed".
func statusState(cell string) (connectors.ConsentState, bool) {
	s, ok := statuses[statusWord(cell)]
	return s, ok
}

// where says where something stands: "customers.csv:1,204".
func where(file string, line int64) string {
	s := strconv.FormatInt(line, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return file + ":" + s
}
