package service

import (
	"fmt"
	"testing"

	"github.com/keptcrm/kept/state/followup"
)

// A segment has everybody who is in it, however many pages that are, and says who came and went.
func TestSegmentOfManyPages(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	cond, err := followup.Compile(`customer.name != "Nobody"`)
	if err != nil {
		t.Fatal(err)
	}
	h.s.config.Followups.Segments = []*followup.Segment{{Name: "all", If: cond}}
	var told []Told
	for i := range 2*segmentPage + 1 {
		told = append(told, person1("shop", fmt.Sprint(i), "name", fmt.Sprintf("王芳 %d", i), "email", fmt.Sprintf("p%d@h%d.example", i, i)))
	}
	h.tell(append(told, person1("shop", "nobody", "name", "Nobody", "email", "n@nobody.example"))...)
	list := must[SegmentListOut](h)(h.s.SegmentList(as(""), SegmentListIn{}))
	shown := must[SegmentShowOut](h)(h.s.SegmentShow(as(""), SegmentShowIn{Name: "all"}))
	seen := map[string]bool{}
	for _, c := range shown.Customers {
		seen[c.Number] = true
	}
	if n := len(told); list.Segments[0].Count != n || shown.Segment.Count != n || len(shown.Customers) != n || len(seen) != n {
		t.Errorf("listed %d, counted %d, shown %d (%d different), want %d", list.Segments[0].Count, shown.Segment.Count, len(shown.Customers), len(seen), n)
	}
	if some := must[SegmentShowOut](h)(h.s.SegmentShow(as(""), SegmentShowIn{Name: "all", Limit: 3})); len(some.Customers) != 3 || some.Segment.Count != len(told) {
		t.Errorf("%+v", some)
	}
	must[SegmentDiffOut](h)(h.s.SegmentDiff(as(""), SegmentDiffIn{Name: "all", Save: true}))
	must[CustomerOut](h)(h.s.CustomerEdit(as(""), CustomerEditIn{Ref: "p7@h7.example", Set: map[string]string{"name": "Nobody"}}))
	must[CustomerOut](h)(h.s.CustomerEdit(as(""), CustomerEditIn{Ref: "n@nobody.example", Set: map[string]string{"name": "Zoë 🦊"}}))
	diff := must[SegmentDiffOut](h)(h.s.SegmentDiff(as(""), SegmentDiffIn{Name: "all"}))
	if len(diff.Changes) != 2 || diff.Changes[0].Change != "in" || diff.Changes[0].Customer.Name != "Zoë 🦊" || diff.Changes[1].Customer.Name != "Nobody" {
		t.Errorf("changes %+v", diff.Changes)
	}
}
