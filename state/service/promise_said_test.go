package service

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/keptcrm/kept/state"
)

// TestPromiseSaid: a promise made of what somebody wrote in a chat keeps the words, where and when.
func TestPromiseSaid(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.people()
	h.tell(person1("shop", "1", "name", "Jana Köhler"))
	at := h.now.Add(-26 * time.Hour)
	p := must[PromiseOut](h)(h.s.PromiseAdd(as("wei"), PromiseAddIn{Ref: "jana", Text: "send the quote", Due: "monday",
		Said: &SaidInChat{Words: " I'll send Jana the quote\non Monday " + strings.Repeat("长", 3000), Where: "Slack, #sales", By: "Tom", At: at}})).Promise
	e := p.Evidence
	if len(e) != 2 || e[0].Code != "said_in_chat" || !strings.HasPrefix(e[0].Args["said"], "I'll send Jana the quote\non Monday 长") || len([]rune(e[0].Args["said"])) != 2000 ||
		e[0].Args["where"] != "Slack, #sales" || e[0].Args["by"] != "Tom" || e[1].Code != "by_hand" || !p.Made.Equal(at) {
		t.Fatalf("%+v", p)
	}
	// What is said to be of tomorrow, or says nothing, is an ordinary promise of now.
	for _, s := range []*SaidInChat{{Words: "x", Where: "Slack", At: h.now.Add(time.Hour)}, {Words: " "}, nil} {
		p := must[PromiseOut](h)(h.s.PromiseAdd(as("wei"), PromiseAddIn{Ref: "jana", Text: "call", Said: s})).Promise
		if !p.Made.Equal(h.now) || (len(p.Evidence) == 2) != (s != nil && s.Words == "x") {
			t.Errorf("%+v: %+v", s, p)
		}
	}
}

// TestMe: "me" is whoever asks, where one of us is named to look up what is theirs.
func TestMe(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.people()
	h.tell(person1("shop", "1", "name", "Jana Köhler"))
	must[PromiseOut](h)(h.s.PromiseAdd(as("wei"), PromiseAddIn{Ref: "jana", Text: "send the quote"}))
	must[PromiseOut](h)(h.s.PromiseAdd(as("ana"), PromiseAddIn{Ref: "jana", Text: "call her"}))
	must[FollowupOut](h)(h.s.FollowupAdd(as("ana"), FollowupAddIn{Ref: "jana", Text: "write to her", Due: "monday", For: "wei"}))
	for who, want := range map[string]string{"wei": "send the quote", "ana": "call her"} {
		for _, me := range []string{"me", " ME ", "我"} {
			out := must[PromiseListOut](h)(h.s.PromiseList(as(who), PromiseListIn{By: me}))
			if len(out.Promises) != 1 || out.Promises[0].Text != want {
				t.Errorf("%s asks for %q: %+v", who, me, out.Promises)
			}
		}
	}
	if out := must[FollowupListOut](h)(h.s.FollowupList(as("wei"), FollowupListIn{By: "me"})); len(out.Followups) != 1 {
		t.Errorf("%+v", out)
	}
	_, err := h.s.PromiseList(context.Background(), PromiseListIn{By: "me"})
	h.refused(err, state.NotFound, "not_staff")
	_, err = h.s.FollowupList(context.Background(), FollowupListIn{By: "me"})
	h.refused(err, state.NotFound, "not_staff")
}
