package demo

import (
	"context"
	"time"

	"github.com/keptcrm/kept/state/service"
)

// now is the demo's present, on a Saturday: its state remembers it.
var now = time.Date(2026, 11, 21, 8, 30, 0, 0, time.UTC)

// imported is when the exports were read.
var imported = now.Add(-15 * time.Minute)

// Zone is where the demo's reader sits.
const Zone = "Europe/Berlin"

// nonce tells the demo's numbers from those of other states.
const nonce = "demo"

// step is one thing that somebody of Nordlicht Optik entered.
type step struct {
	at    string // UTC
	login string // "" is ops
	do    func(context.Context, service.API) error
}

func staff(in service.StaffAddIn) func(context.Context, service.API) error {
	return func(ctx context.Context, api service.API) error {
		_, err := api.StaffAdd(ctx, in)
		return err
	}
}

func assign(ref, to string) func(context.Context, service.API) error {
	return func(ctx context.Context, api service.API) error {
		_, err := api.Assign(ctx, service.AssignIn{Ref: ref, Staff: to})
		return err
	}
}

func wrote(kind, ref, text string) func(context.Context, service.API) error {
	return func(ctx context.Context, api service.API) error {
		_, err := api.Note(ctx, service.NoteIn{Ref: ref, Kind: kind, Text: text})
		return err
	}
}

func promised(in service.PromiseAddIn) func(context.Context, service.API) error {
	return func(ctx context.Context, api service.API) error {
		_, err := api.PromiseAdd(ctx, in)
		return err
	}
}

// keptIt closes the promise of a customer that has only this one.
func keptIt(ref, note string) func(context.Context, service.API) error {
	return func(ctx context.Context, api service.API) error {
		list, err := api.PromiseList(ctx, service.PromiseListIn{Ref: ref})
		if err != nil || len(list.Promises) == 0 {
			return err
		}
		_, err = api.PromiseClose(ctx, service.PromiseCloseIn{Promise: list.Promises[0].Number, State: "kept", Note: note})
		return err
	}
}

func tag(ref, grade string, tags ...string) func(context.Context, service.API) error {
	return func(ctx context.Context, api service.API) error {
		if _, err := api.CustomerTag(ctx, service.CustomerTagIn{Ref: ref, Add: tags}); err != nil {
			return err
		}
		_, err := api.CustomerEdit(ctx, service.CustomerEditIn{Ref: ref, Set: map[string]string{"grade": grade}})
		return err
	}
}

// people are those of Nordlicht Optik: who they are decides what is mail from us.
func people() []step {
	return []step{
		{"2026-09-01 07:00", "", staff(service.StaffAddIn{Name: "Wei Zhang", Login: "wei", Emails: []string{"wei.zhang@nordlicht.example"},
			Role: "rep", Zone: "Asia/Shanghai"})},
		{"2026-09-01 07:01", "", staff(service.StaffAddIn{Name: "Ana Lima", Login: "ana", Emails: []string{"ana.lima@nordlicht.example"},
			Role: "manager", Deputy: "wei", Zone: Zone})},
		{"2026-09-01 07:02", "", staff(service.StaffAddIn{Name: "Tom Becker", Login: "tom", Emails: []string{"tom.becker@nordlicht.example"},
			Role: "service", Manager: "ana", Deputy: "ana", Zone: Zone})},
	}
}

// story is what people entered, in the order in which they did. A refusal of contact counts from
// when it is noted, and what the exports say of an address was noted when they were read.
func story(business []string) []step {
	steps := []step{
		{"2026-09-01 07:10", "", assign(janaMail, "ana")},
		{"2026-09-01 07:11", "", assign(liweiMail, "wei")},
		{"2026-09-01 07:12", "", tag(janaMail, "A", "observatory")},
	}
	for i, ref := range business {
		steps = append(steps, step{"2026-09-01 07:20", "", assign(ref, []string{"ana", "tom", "ana"}[i%3])})
	}
	first := business[0]
	return append(steps, []step{
		{"2026-10-05 08:05", "tom", promised(service.PromiseAddIn{Ref: first, Text: "a replacement for the bent tripod leg", Due: "friday"})},
		{"2026-10-09 13:40", "tom", keptIt(first, "sent with DHL")},
		{"2026-11-03 10:20", "wei", wrote("note", janaMail, "Price for 40 finderscopes, SKU-7: €48.50 each")},
		{"2026-11-10 13:05", "tom", wrote("call", janaMail, "She rang, 12 min: 40 finderscopes; told her €46.00 each")},
		{"2026-11-12 15:30", "ana", wrote("note", janaMail, "Would like to show the refractor to her colleagues in Kiel")},
		{"2026-11-12 15:32", "ana", promised(service.PromiseAddIn{Ref: janaMail, Text: "demonstration for the Kiel team", Due: "24 Nov"})},
		{"2026-11-14 10:02", "ana", promised(service.PromiseAddIn{Ref: janaMail, Text: "sign the framework contract", Due: "25 Nov", Theirs: true})},
		{"2026-11-16 08:40", "wei", promised(service.PromiseAddIn{Ref: janaMail, Text: "send you the revised quote for 40 units", Due: "thursday"})},
		{"2026-11-18 07:30", "wei", wrote("note", liweiMail, "周三前要样品，先寄顺丰")},
		{"2026-11-19 02:15", "wei", promised(service.PromiseAddIn{Ref: liweiMail, Text: "样品寄出", Due: "下周三前"})},
		{"2026-11-20 09:00", "tom", promised(service.PromiseAddIn{Ref: business[1], Text: "call back about the loan telescope", Due: "monday 10:00"})},
		{"2026-11-21 08:20", "ana", func(ctx context.Context, api service.API) error {
			_, err := api.OptoutAdd(ctx, service.OptoutAddIn{Ref: "Jana Köhler", Channel: "phone", Words: "please write, I am never at my desk"})
			return err
		}},
	}...)
}
