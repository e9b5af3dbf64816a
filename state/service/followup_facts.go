package service

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/followup"
)

// factsTouches is how many of the newest messages, calls and meetings of each history rules look at.
const factsTouches = 100

// facts gives what rules and segments know of a customer itself.
func (s *Service) facts(l *lookup, c *state.Customer, need followup.Needs) (*followup.Facts, error) {
	owner, err := l.member(c.Owner)
	if err != nil {
		return nil, err
	}
	f := &followup.Facts{Zone: s.customerZone(c), Work: s.zone(), Birthday: c.Text("birthday"), Created: c.Created}
	if owner != nil {
		f.Work = s.zone(owner.Zone)
	}
	f.Customer = followup.Customer{Number: state.Customers.Ref(c.Number), Name: c.Name, Given: c.Given, Family: c.Family, Company: c.Text("company"),
		Kind: c.Kind, Stage: c.Stage, Grade: c.Grade, Owner: l.name(c.Owner), Language: c.Text("language"), Tags: c.Tags}
	if a := c.Get("address"); len(a) > 0 {
		f.Customer.Country, f.Customer.City = a[0].Parts["country"], a[0].Parts["city"]
	}
	for _, a := range c.Identifiers {
		if a.Connection != "" && !slices.Contains(f.Customer.Connections, a.Connection) {
			f.Customer.Connections = append(f.Customer.Connections, a.Connection)
		}
		f.Customer.HasEmail = f.Customer.HasEmail || a.Type == state.TypeEmail && !a.Former
		f.Customer.HasPhone = f.Customer.HasPhone || a.Type == state.TypePhone && !a.Former
	}
	for _, part := range []struct {
		wanted bool
		add    func(*lookup, *state.Customer, *followup.Facts) error
	}{{need.Orders, s.factsOrders}, {need.Touches, s.factsTouches}, {need.Promises, s.factsPromises}, {need.Signups, s.factsSignups}} {
		if part.wanted {
			if err := part.add(l, c, f); err != nil {
				return nil, err
			}
		}
	}
	f.Complete(l.now)
	return f, nil
}

func (s *Service) factsOrders(l *lookup, c *state.Customer, f *followup.Facts) error {
	orders, err := l.orders(source{c: c})
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, o := range orders {
		key := cmp.Or(o.Number, o.connection+" "+strconv.FormatInt(o.Total, 10)) + "@" + o.At.UTC().Format(time.RFC3339)
		if seen[key] || o.Test { // the same order, told by the shop and by its export
			continue
		}
		seen[key] = true
		b := followup.Bought{Key: key, Number: o.Number, Connection: o.connection, Currency: o.Currency, Digits: followup.Digits(o.Currency),
			State: o.State, At: o.At, Shipped: o.Shipped, Total: o.Total, Net: o.Total - o.Refunded, Counts: o.Counts}
		if b.Shipped.IsZero() && (o.State == "shipped" || o.State == "delivered") {
			b.Shipped = later(o.At, o.modified)
		}
		for _, line := range o.Lines {
			b.Items += int(line.Quantity)
			b.Skus, b.Names = append(b.Skus, line.SKU), append(b.Names, line.Name)
		}
		f.Orders = append(f.Orders, b)
	}
	return nil
}

// factsTouches reads messages, calls and meetings, newest first. A message that somebody else wrote
// is none of theirs, though it stands in their history.
func (s *Service) factsTouches(l *lookup, c *state.Customer, f *followup.Facts) error {
	all, err := l.subjects(c)
	if err != nil {
		return err
	}
	theirs := map[string]bool{}
	addressesOf(c, theirs)
	type touch struct {
		followup.Touch
		a *state.Activity
	}
	var list []touch
	seen := map[string]bool{}
	for _, subject := range all {
		n := 0
		for a, err := range state.Activities.Read(l.tx, subject.key, state.Range{Reverse: true}) {
			if err != nil {
				return err
			}
			if a.Kind != state.ActivityMessage && a.Kind != state.ActivityCall && a.Kind != state.ActivityMeeting || a.At.After(l.now) {
				continue
			}
			if keep, err := l.keeps(a, subject); err != nil {
				return err
			} else if !keep {
				continue
			}
			if n++; n > factsTouches {
				break
			}
			t := touch{a: a}
			// Numbers of records are others after an import was taken back and made again.
			t.Key = cmp.Or(a.Mail, strings.Join([]string{a.Connection, a.At.UTC().Format(time.RFC3339), cmp.Or(a.From, a.Title)}, " "))
			if seen[t.Key] {
				continue
			}
			seen[t.Key] = true
			t.At, t.Subject, t.Channel, t.Connection, t.From, t.Record = a.At, a.Title, a.Channel, a.Connection, a.From, a.Record
			t.Call = a.Kind != state.ActivityMessage
			if !t.Call {
				if t.Out, err = l.rules().sent(a); err != nil {
					return err
				}
				t.Automatic = a.Status != "" || a.List != ""
				if !t.Out && a.From != "" && !theirs[a.From] {
					continue
				}
			}
			list = append(list, t)
		}
	}
	slices.SortStableFunc(list, func(a, b touch) int { return cmp.Or(b.At.Compare(a.At), strings.Compare(a.Key, b.Key)) })
	answered := false
	for _, t := range list {
		answered = answered || !t.Automatic && (t.Out || t.Call)
		if !answered && !t.Automatic { // only of what waits it matters what it says
			body := t.a.Body
			if t.a.Folded {
				if body, err = l.unfold(t.a.Record); err != nil {
					return err
				}
			}
			t.Thanks = followup.Thanks(body, t.a.FromName)
		}
		f.Touches = append(f.Touches, t.Touch)
	}
	return nil
}

func (s *Service) factsPromises(l *lookup, c *state.Customer, f *followup.Facts) error {
	list, err := l.promisesOf(c)
	if err != nil {
		return err
	}
	for _, p := range list {
		if p.State != state.PromiseOpen {
			continue
		}
		x := followup.Promised{Number: p.Number, Text: p.Text, By: p.By, Ours: p.Direction == state.Ours, Zone: s.zone()}
		if p.Due != nil {
			x.Due, x.DateOnly, x.Zone = p.Due.At, p.Due.DateOnly, s.zone(p.Due.Zone)
		}
		f.Promises = append(f.Promises, x)
	}
	return nil
}

// factsSignups reads sign-ups to lists, as consents tell them, and contacts that a connection has
// under a tag.
func (s *Service) factsSignups(l *lookup, c *state.Customer, f *followup.Facts) error {
	said, err := l.statements(c)
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	add := func(x followup.Signed) {
		if !x.At.IsZero() && !x.At.After(l.now) && !seen[x.Key] {
			seen[x.Key] = true
			f.Signups = append(f.Signups, x)
		}
	}
	for _, x := range said {
		if x.State == state.ConsentGranted && !x.At.IsZero() {
			add(followup.Signed{Key: strings.Join([]string{x.Connection, x.Channel, x.Purpose, x.At.UTC().Format(time.RFC3339)}, " "),
				What: x.Purpose, Connection: x.Connection, At: x.At})
		}
	}
	records, err := l.recordsOf(c.Records)
	if err != nil {
		return err
	}
	for _, r := range records {
		v := r.Current()
		if r.Kind != state.KindContact || v == nil || v.Created.IsZero() {
			continue
		}
		x := followup.Signed{Key: r.Connection + " " + r.ID, Connection: r.Connection, At: v.Created, Record: r.Key}
		for _, tag := range v.Get("tag") {
			x.Tags = append(x.Tags, tag.Text)
		}
		if len(x.Tags) > 0 {
			x.What = strings.Join(x.Tags, ", ")
			add(x)
		}
	}
	slices.SortStableFunc(f.Signups, func(a, b followup.Signed) int { return a.At.Compare(b.At) })
	return nil
}
