package demo

import (
	"cmp"
	"slices"
	"strconv"
	"time"
)

const newsletterHeader = "Email Address,First Name,Last Name,MEMBER_RATING,OPTIN_TIME,OPTIN_IP,CONFIRM_TIME,CONFIRM_IP,Status,UNSUB_TIME,UNSUB_REASON," +
	"CLEAN_TIME,LAST_CHANGED,LEID,EUID,NOTES,TAGS"

const (
	readers     = 312 // customers of the shop who read the newsletter
	leavers     = 46  // customers of the shop who left it
	unreachable = 17  // customers of the shop whose address does not work any more
	onlyReaders = 54  // people whom no shop knows
)

// reader is one member of the audience.
type reader struct {
	mail, given, family string
	joined              time.Time
	status              string
	left                time.Time // unsubscribed or cleaned
}

// newsletter makes the audience, by the time of joining.
func (w *world) newsletter(c *cast, shop []*person) []reader {
	var known []*person
	for _, p := range shop {
		if p.id != "" && p != c.jana && p != c.liwei && p != c.weili {
			known = append(known, p)
		}
	}
	shuffle(w.dice, known)
	out := []reader{{mail: janaMail, given: "Jana", family: "Köhler", joined: time.Date(2024, 3, 14, 9, 13, 0, 0, time.UTC), status: "subscribed"}}
	for i, p := range known[:readers+leavers+unreachable] {
		r := reader{mail: p.email, given: p.given.own, family: p.family.own, joined: p.since.Add(time.Hour), status: "subscribed"}
		switch {
		case i < leavers:
			r.status, r.left = "unsubscribed", w.after(r.joined)
		case i < leavers+unreachable:
			r.status, r.left = "cleaned", w.after(r.joined)
		}
		out = append(out, r)
	}
	for range onlyReaders {
		p := w.anyone()
		r := reader{mail: p.email, joined: w.moment(firstDay, lastDay.AddDate(0, -1, 0)), status: "subscribed"}
		if w.dice.chance(60) {
			r.given, r.family = p.given.own, p.family.own
		}
		if w.dice.chance(12) {
			r.status, r.left = "unsubscribed", w.after(r.joined)
		}
		out = append(out, r)
	}
	// Two who write from one domain and name no company: is it one?
	for _, name := range [][2]string{{"Kirsten", "Waldow"}, {"Bernd", "Hatje"}} {
		out = append(out, reader{mail: plain(name[0]) + "@teleskoptreff.example", given: name[0], family: name[1],
			joined: w.moment(firstDay, lastDay.AddDate(-1, 0, 0)), status: "subscribed"})
	}
	slices.SortFunc(out, func(a, b reader) int { return cmp.Or(a.joined.Compare(b.joined), cmp.Compare(a.mail, b.mail)) })
	return out
}

// after is a time between another one and the export.
func (w *world) after(t time.Time) time.Time {
	span := int(lastDay.Sub(t) / time.Minute)
	return t.Add(time.Duration(w.dice.below(max(span, 2))) * time.Minute)
}

func newsletterFile(w *world, members []reader) *sheet {
	stamp := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.Format(time.DateTime)
	}
	f := newSheet(newsletterHeader)
	for i, m := range members {
		last := m.joined
		unsub, clean, reason := "", "", ""
		switch m.status {
		case "unsubscribed":
			unsub, last = stamp(m.left), m.left
			reason = pick(w.dice, []string{"NORMAL", "NORMAL", "NORMAL", "NOSIGNUP", "INAPPROPRIATE"})
		case "cleaned":
			clean, last = stamp(m.left), m.left
		}
		tags := ""
		if w.dice.chance(25) {
			tags = `"Buyers"`
		}
		f.row("Email Address", m.mail, "First Name", m.given, "Last Name", m.family, "MEMBER_RATING", strconv.Itoa(w.dice.between(1, 5)),
			"OPTIN_TIME", stamp(m.joined), "CONFIRM_TIME", stamp(m.joined.Add(4*time.Minute)), "Status", m.status, "UNSUB_TIME", unsub,
			"UNSUB_REASON", reason, "CLEAN_TIME", clean, "LAST_CHANGED", stamp(last), "LEID", strconv.Itoa(88310000+17*i), "TAGS", tags)
		if i == len(members)*2/3 {
			f.short("broken.line@example.com", "Cut", "Off", "2", stamp(m.joined)) // the export stumbled
		}
	}
	return f
}
