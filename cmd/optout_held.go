package cmd

import (
	"slices"

	"github.com/keptcrm/kept/bot/text"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

// heldLines say of each connection whether it holds an opt-out, and what to do where it does not.
func heldLines(p *text.Printer, all []service.OptoutHeld) []string {
	var lines []string
	for _, h := range all {
		args := state.Args{"connection": h.Connection, "mark": h.Mark, "offer": h.Offer}
		if !h.At.IsZero() {
			args["at"] = p.ShortDay(h.At)
		}
		name := h.Connection
		if slices.ContainsFunc(all, func(x service.OptoutHeld) bool { return x.Connection == h.Connection && x.Record != h.Record }) {
			name += " " + h.Record
		}
		lines = append(lines, p.T("optout.line", state.Args{"connection": name, "held": p.T("optout.held."+h.State, args)}))
	}
	return lines
}

// heldHint names on one line the connections that do not know of an opt-out yet, or that still hold
// one that was lifted; "" where there is none.
func heldHint(p *text.Printer, ref string, all []service.OptoutHeld) string {
	var unknown, left []string
	waits := true
	add := func(to *[]string, h service.OptoutHeld) {
		if !slices.Contains(*to, h.Connection) {
			*to = append(*to, h.Connection)
		}
	}
	for _, h := range all {
		switch h.State {
		case service.HeldHere, service.HeldTheirs:
		case service.HeldTaken:
			add(&left, h)
		case service.HeldLeft:
			add(&left, h)
			waits = false
		default:
			add(&unknown, h)
			waits = waits && (h.State == service.HeldWaits || h.State == service.HeldPlan)
		}
	}
	key, names := "optout.unknown", unknown
	if len(unknown) == 0 {
		key, names = "optout.leftover", left
	}
	if len(names) == 0 {
		return ""
	}
	command := p.Command("optout why " + shellWord(ref))
	if waits {
		command = p.Command("sync --dry-run")
	}
	return p.T(key, state.Args{"connections": joined(p.T("card.comma"), names...), "command": command})
}
