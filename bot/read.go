package bot

import (
	"strings"
	"time"

	"github.com/keptcrm/kept/bot/text"
	due "github.com/keptcrm/kept/state/promise"
)

// Said is what somebody wrote in a chat that an entry or a promise is made of: its evidence.
type Said struct {
	Words string
	Where string // "Slack, #sales"
	By    string // who wrote it, where that is known
	At    time.Time
}

// Blank gives the action of a word of which nothing was said yet, with the form that asks for all of
// it; ok is false where the word has none.
func Blank(p *text.Printer, word string) (Action, bool) {
	switch word {
	case "promise":
		return NewAction(p, "promise", promiseWords("{customer}"), nil), true
	case "note":
		return NewAction(p, "note", noteWords("{customer}"), nil), true
	}
	return Action{}, false
}

// ReadPromise finds what a text promises and by when, for the fields of a form: its most certain
// promise, else all of it. at is when it was written, in the IANA zone in which its times are meant; nil
// days are Monday to Friday.
func ReadPromise(said string, at time.Time, zone string, days *due.Calendar) map[string]string {
	loc, err := time.LoadLocation(zone)
	if err != nil {
		loc = time.UTC
	}
	var best due.Found
	r := due.Reader{Calendar: days}
	for _, f := range r.Promises(said, at, loc) {
		if f.Kind != due.KindThirdParty && f.Confidence > best.Confidence {
			best = f
		}
	}
	moment := best.Due
	if best.Text == "" {
		best.Text = said
		moment, _, _, _ = r.Find(said, at, loc)
	}
	out := map[string]string{"text": oneLine(strings.TrimSpace(best.Text))}
	switch {
	case moment.At.IsZero():
	case moment.DateOnly:
		out["when"] = moment.At.In(loc).Format(time.DateOnly)
	default:
		out["when"] = moment.At.In(loc).Format("2006-01-02 15:04")
	}
	return out
}
