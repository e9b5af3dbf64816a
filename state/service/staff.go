package service

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/identity"
	"github.com/keptcrm/kept/state/promise"
)

var (
	roles     = []string{"rep", "manager", "service", "ops"}
	languages = []string{"en", "zh"}
)

// left says whether somebody has left us.
func left(m *state.Staff, now time.Time) bool { return !m.Left.IsZero() && !now.Before(m.Left) }

// absence gives the absence that holds now, by the date in the staff member's zone, or nil. One
// without an end lasts until they are back.
func (s *Service) absence(m *state.Staff, now time.Time) *state.Absence {
	today := now.In(s.zone(m.Zone)).Format(time.DateOnly)
	for i := range m.Away {
		if a := &m.Away[i]; a.From <= today && (a.Until == "" || today <= a.Until) {
			return a
		}
	}
	return nil
}

// load is how much is on somebody's plate.
type load struct{ open, late int }

// loads counts open promises by staff member.
func (l *lookup) loads() (map[string]load, error) {
	out := map[string]load{}
	for p, err := range state.Promises.All(l.tx, state.Range{Index: "open"}) {
		if err != nil {
			return nil, err
		}
		if p.Direction != state.Ours {
			continue
		}
		x := out[p.By]
		x.open++
		if late(p, l.now) {
			x.late++
		}
		out[p.By] = x
	}
	return out, nil
}

// showStaff gives a staff member as shown. loads may be nil where it is not at hand.
func (s *Service) showStaff(l *lookup, m *state.Staff, loads map[string]load) (Staff, error) {
	ref := state.StaffMembers.Ref(m.Number)
	out := Staff{Number: ref, Name: m.Name, Login: m.Login, Emails: append([]string{}, m.Emails...), Chats: append([]string{}, m.Chats...), Role: m.Role,
		Zone: m.Zone, Language: m.Language, Away: append([]state.Absence{}, m.Away...),
		AwayNow: s.absence(m, l.now) != nil, Left: m.Left}
	var err error
	if out.ID, err = l.id(ref); err != nil {
		return out, err
	}
	if m.Manager != 0 {
		out.Manager = l.name(state.StaffMembers.Ref(m.Manager))
	}
	if m.Deputy != 0 {
		out.Deputy = l.name(state.StaffMembers.Ref(m.Deputy))
	}
	if loads == nil {
		if loads, err = l.loads(); err != nil {
			return out, err
		}
	}
	out.Open, out.Late = loads[ref].open, loads[ref].late
	owned, err := scanNumbers(l.tx, exactly("owner", state.TextKey(ref)), 0)
	out.Owns = len(owned)
	return out, err
}

// staffShown gives staff by name.
func (s *Service) staffShown(l *lookup, withLeft bool) ([]Staff, error) {
	all, err := state.StaffMembers.List(l.tx, state.Range{})
	if err != nil {
		return nil, err
	}
	loads, err := l.loads()
	if err != nil {
		return nil, err
	}
	out := []Staff{}
	for _, m := range all {
		if left(m, l.now) && !withLeft {
			continue
		}
		shown, err := s.showStaff(l, m, loads)
		if err != nil {
			return nil, err
		}
		out = append(out, shown)
	}
	slices.SortStableFunc(out, func(a, b Staff) int {
		return strings.Compare(identity.FoldName(a.Name), identity.FoldName(b.Name))
	})
	return out, nil
}

// StaffList gives staff by name, or one of them.
func (s *Service) StaffList(ctx context.Context, in StaffListIn) (StaffListOut, error) {
	return view(ctx, s, func(tx state.Tx, now time.Time) (StaffListOut, error) {
		l := newLookup(tx, now)
		if in.Ref == "" {
			all, err := s.staffShown(l, in.Left)
			return StaffListOut{Staff: all}, err
		}
		m, err := s.staff(tx, in.Ref)
		if err != nil {
			return StaffListOut{}, err
		}
		shown, err := s.showStaff(l, m, nil)
		shown.Sees = s.config.Access.Row(m.Role)
		return StaffListOut{Staff: []Staff{shown}}, err
	})
}

// StaffAdd adds a staff member; for the number, login or name of one it changes what is given.
func (s *Service) StaffAdd(ctx context.Context, in StaffAddIn) (StaffOut, error) {
	in.Name, in.Login = oneLine(in.Name), strings.TrimSpace(in.Login)
	in.Role, in.Language = strings.ToLower(strings.TrimSpace(in.Role)), strings.ToLower(strings.TrimSpace(in.Language))
	if in.Name == "" {
		return StaffOut{}, &state.Error{Class: state.Invalid, Code: "name_missing"}
	}
	if in.Role != "" && in.Role != "none" && !slices.Contains(roles, in.Role) {
		return StaffOut{}, &state.Error{Class: state.Invalid, Code: "unknown_role",
			Args: state.Args{"role": in.Role, "roles": strings.Join(append(slices.Clone(roles), "none"), ", ")}}
	}
	if in.Language != "" && !slices.Contains(languages, in.Language) {
		return StaffOut{}, &state.Error{Class: state.Invalid, Code: "unknown_language",
			Args: state.Args{"language": in.Language, "languages": strings.Join(languages, ", ")}}
	}
	if in.Zone != "" {
		if _, ok := zoneByName(in.Zone); !ok {
			return StaffOut{}, &state.Error{Class: state.Invalid, Code: "unknown_zone", Args: state.Args{"zone": in.Zone}}
		}
	}
	var emails []string
	for _, raw := range in.Emails {
		e, err := identity.NormalizeEmail(strings.TrimSpace(raw))
		if err != nil {
			return StaffOut{}, &state.Error{Class: state.Invalid, Code: "not_an_address", Args: state.Args{"ref": raw}}
		}
		if !slices.Contains(emails, e.Shown) {
			emails = append(emails, e.Shown)
		}
	}
	accounts, err := readAccounts(in.Slack)
	if err != nil {
		return StaffOut{}, err
	}
	return settled(ctx, s, "staff.add", state.Args{"name": in.Name}, func(w *state.Writer) (StaffOut, error) {
		tx := w.Tx()
		m, err := s.staffToAdd(w, in)
		if err != nil {
			return StaffOut{}, err
		}
		if in.Login != "" && in.Login != m.Login {
			if other, err := staffByLogin(tx, in.Login); err != nil {
				return StaffOut{}, err
			} else if other != nil && other.Number != m.Number {
				return StaffOut{}, taken("login_taken", in.Login, other)
			}
			m.Login = in.Login
		}
		for _, e := range emails {
			others, err := state.StaffMembers.By(tx, "email", state.TextKey(e))
			if err != nil {
				return StaffOut{}, err
			}
			if len(others) > 0 && others[0].Number != m.Number {
				return StaffOut{}, taken("email_taken", e, others[0])
			}
		}
		if emails != nil {
			m.Emails = emails
		}
		if err := giveAccounts(tx, m, accounts); err != nil {
			return StaffOut{}, err
		}
		if in.Role != "" {
			m.Role = strings.TrimPrefix(in.Role, "none")
		}
		m.Zone, m.Language = cmp.Or(in.Zone, m.Zone), cmp.Or(in.Language, m.Language)
		for _, x := range []struct {
			ref string
			to  *uint64
		}{{in.Manager, &m.Manager}, {in.Deputy, &m.Deputy}} {
			if strings.TrimSpace(x.ref) == "" {
				continue
			}
			other, err := s.staff(tx, x.ref)
			if err != nil {
				return StaffOut{}, err
			}
			if other.Number == m.Number {
				return StaffOut{}, &state.Error{Class: state.Invalid, Code: "own_deputy", Args: state.Args{"name": m.Name}}
			}
			*x.to = other.Number
		}
		m.Tokens = identity.NameTokens(m.Name)
		return s.putStaff(w, m)
	})
}

// staffToAdd gives whom StaffAdd is about: one whom it names, or somebody new.
func (s *Service) staffToAdd(w *state.Writer, in StaffAddIn) (*state.Staff, error) {
	tx := w.Tx()
	if n, ok := state.StaffMembers.ParseRef(in.Name); ok {
		m, err := state.StaffMembers.Find(tx, state.NumberKey(n))
		if err == nil && m == nil {
			err = noStaff(in.Name)
		}
		return m, err
	}
	if m, err := staffByLogin(tx, in.Name); err != nil || m != nil {
		return m, err
	}
	all, err := state.StaffMembers.List(tx, state.Range{})
	if err != nil {
		return nil, err
	}
	for _, m := range all {
		same := identity.FoldName(m.Name) == identity.FoldName(in.Name)
		if same && (in.Login == "" || m.Login == "" || m.Login == in.Login) {
			return m, nil
		}
	}
	n, err := state.StaffMembers.Next(w)
	return &state.Staff{Number: n, Name: in.Name, Added: w.Cause.At}, err
}

func taken(code, value string, by *state.Staff) error {
	return &state.Error{Class: state.Conflict, Code: code, Args: state.Args{
		"value": value, "name": by.Name, "number": state.StaffMembers.Ref(by.Number)}}
}

func (s *Service) putStaff(w *state.Writer, m *state.Staff) (StaffOut, error) {
	if err := s.staffChanged(w, m); err != nil {
		return StaffOut{}, err
	}
	if err := state.StaffMembers.Put(w, m); err != nil {
		return StaffOut{}, err
	}
	shown, err := s.showStaff(newLookup(w.Tx(), w.Cause.At), m, nil)
	return StaffOut{Staff: shown}, err
}

// StaffAway enters an absence, or ends the present one.
func (s *Service) StaffAway(ctx context.Context, in StaffAwayIn) (StaffOut, error) {
	return change(ctx, s, "staff.away", state.Args{"ref": in.Ref}, func(w *state.Writer) (StaffOut, error) {
		m, err := s.staff(w.Tx(), in.Ref)
		if err != nil {
			return StaffOut{}, err
		}
		now := w.Cause.At.In(s.zone(m.Zone))
		if in.Back {
			return s.staffBack(w, m, now)
		}
		a := state.Absence{Note: strings.TrimSpace(in.Note)}
		if a.From, err = day(in.From, now, true); err != nil {
			return StaffOut{}, err
		}
		if a.Until, err = day(in.Until, now, false); err != nil {
			return StaffOut{}, err
		}
		if a.Until != "" && a.Until < a.From {
			return StaffOut{}, &state.Error{Class: state.Invalid, Code: "until_before_from", Args: state.Args{"from": a.From, "until": a.Until}}
		}
		// What is entered last about the same first day holds.
		m.Away = slices.DeleteFunc(m.Away, func(x state.Absence) bool { return x.From == a.From })
		m.Away = append(m.Away, a)
		slices.SortFunc(m.Away, func(a, b state.Absence) int { return strings.Compare(a.From, b.From) })
		return s.putStaff(w, m)
	})
}

func (s *Service) staffBack(w *state.Writer, m *state.Staff, now time.Time) (StaffOut, error) {
	if s.absence(m, w.Cause.At) == nil {
		return StaffOut{}, &state.Error{Class: state.Invalid, Code: "not_away", Args: state.Args{"name": m.Name}}
	}
	today, yesterday := now.Format(time.DateOnly), now.AddDate(0, 0, -1).Format(time.DateOnly)
	m.Away = slices.DeleteFunc(m.Away, func(a state.Absence) bool { return a.From == today })
	for a := s.absence(m, w.Cause.At); a != nil; a = s.absence(m, w.Cause.At) {
		a.Until = yesterday
	}
	return s.putStaff(w, m)
}

// day reads a date, or words for one, in the zone of now. "" is today where that is wanted.
func day(words string, now time.Time, orToday bool) (string, error) {
	words = strings.TrimSpace(words)
	if words == "" {
		if orToday {
			return now.Format(time.DateOnly), nil
		}
		return "", nil
	}
	if t, err := time.Parse(time.DateOnly, words); err == nil {
		return t.Format(time.DateOnly), nil
	}
	d, err := promise.ParseDue(words, now, now.Location())
	var refused *promise.Error
	if errors.As(err, &refused) {
		return "", &state.Error{Class: state.Invalid, Code: string(refused.Code), Args: state.Args(refused.Args)}
	}
	return d.At.In(now.Location()).Format(time.DateOnly), err
}

// StaffLeave says that somebody left, or will leave, on a day: from then on they are not asked.
func (s *Service) StaffLeave(ctx context.Context, in StaffLeaveIn) (StaffOut, error) {
	return change(ctx, s, "staff.leave", state.Args{"ref": in.Ref}, func(w *state.Writer) (StaffOut, error) {
		m, err := s.staff(w.Tx(), in.Ref)
		if err != nil {
			return StaffOut{}, err
		}
		now := w.Cause.At.In(s.zone(m.Zone))
		on, err := day(in.On, now, true)
		if err != nil {
			return StaffOut{}, err
		}
		t, err := time.ParseInLocation(time.DateOnly, on, now.Location())
		if err != nil {
			return StaffOut{}, err
		}
		m.Left = t.UTC()
		return s.putStaff(w, m)
	})
}
