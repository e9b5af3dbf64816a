package engine

import (
	"context"
	"slices"
	"time"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/state"
)

// usualCensus is how often what is gone is looked for at systems that do not tell.
const usualCensus = 24 * time.Hour

// census finds what a system does not tell: what is gone, and what changed without its time moving.
func (p *part) census(ctx context.Context) error {
	counter, ok := p.conn.(connectors.Census)
	if !ok {
		return nil
	}
	for _, kind := range p.kinds {
		if kind == connectors.MessageKind {
			continue // messages stay in histories, whatever becomes of them in a mailbox
		}
		point, err := p.point(ctx, kind)
		if err != nil {
			return err
		}
		if !p.censusDue(kind, point) {
			continue
		}
		live, err := p.countLive(ctx, counter, kind)
		if err != nil {
			return err
		}
		if live == nil {
			continue // it keeps no list of this kind
		}
		if err := p.compare(ctx, kind, live); err != nil {
			return err
		}
		point.Census = p.s.now
		if err := p.keepPoint(ctx, point); err != nil {
			return err
		}
	}
	return nil
}

func (p *part) censusDue(kind connectors.Kind, point *state.Point) bool {
	every := p.c.Census
	if every <= 0 {
		every = usualCensus
	}
	return p.expired[kind] || p.s.in.Full || !p.spec.Tombstones && p.s.now.Sub(point.Census) >= every
}

// countLive gives all live keys; nil where the system has no list of the kind.
func (p *part) countLive(ctx context.Context, counter connectors.Census, kind connectors.Kind) (map[string]connectors.Version, error) {
	live := map[string]connectors.Version{}
	from := connectors.Cursor("")
	for {
		page, err := counter.Census(ctx, kind, from)
		if connectors.ClassOf(err) == connectors.NotFound && err != nil {
			return nil, nil
		}
		if err != nil {
			return nil, connectionError(p.c.Name, err)
		}
		for id, v := range page.Live {
			live[boundedID(id, maxID)] = v
		}
		if !page.More {
			return live, nil
		}
		if page.Next == from {
			return nil, fault(p.c.Name, "its census does not move on from cursor "+string(from))
		}
		from = page.Next
	}
}

// compare looks at records that are not in a census, or are there in another version. What seems to
// be gone is asked for by key before it is believed, where the connector can.
func (p *part) compare(ctx context.Context, kind connectors.Kind, live map[string]connectors.Version) error {
	var look, missing []string
	err := p.s.svc.Look(ctx, func(tx state.Tx, _ time.Time) error {
		look, missing = nil, nil
		known := map[string]bool{}
		for r, err := range state.Records.All(tx, p.prefix(kind)) {
			if err != nil {
				return err
			}
			known[r.ID] = true
			if !alive(r) {
				if _, there := live[r.ID]; there && r.Last(false) != nil {
					look = append(look, r.ID)
				}
				continue
			}
			version, there := live[r.ID]
			switch {
			case !there:
				missing = append(missing, r.ID)
			case version != "" && string(version) != r.Last(false).Version:
				look = append(look, r.ID)
			}
		}
		for id := range live {
			if !known[id] {
				look = append(look, id)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	slices.Sort(look)
	fetcher, ok := p.conn.(connectors.Fetcher)
	if !ok {
		return p.told(ctx, kind, nil, missing)
	}
	for chunk := range slices.Chunk(look, fetchSize) {
		if _, err := p.fetch(ctx, fetcher, kind, chunk); err != nil {
			return err
		}
	}
	var gone []string
	for chunk := range slices.Chunk(missing, fetchSize) {
		there, err := p.fetch(ctx, fetcher, kind, chunk)
		if err != nil {
			return err
		}
		gone = append(gone, slices.DeleteFunc(slices.Clone(chunk), func(id string) bool { return there[id] })...)
	}
	return p.told(ctx, kind, nil, gone)
}

// fetchSize is how many records are asked for at a time.
const fetchSize = 100

// fetch reads records by key and tells them; it says which were there.
func (p *part) fetch(ctx context.Context, fetcher connectors.Fetcher, kind connectors.Kind, ids []string) (map[string]bool, error) {
	records, err := fetcher.Fetch(ctx, kind, ids)
	if err != nil {
		return nil, connectionError(p.c.Name, err)
	}
	there := map[string]bool{}
	for i := range records {
		there[boundedID(records[i].ID, maxID)] = true
	}
	return there, p.told(ctx, kind, records, nil)
}

// told commits records that were read by key, and others that are gone.
func (p *part) told(ctx context.Context, kind connectors.Kind, records []connectors.Record, gone []string) error {
	page := connectors.Page{Told: len(records) + len(gone)}
	for i := range records {
		page.Changes = append(page.Changes, connectors.Change{Record: records[i]})
		if records[i].Implied {
			page.Told--
		}
	}
	for _, id := range gone {
		page.Changes = append(page.Changes, connectors.Change{Gone: true, Record: connectors.Record{Kind: kind, ID: id}})
	}
	if len(page.Changes) == 0 {
		return nil
	}
	b := &batch{}
	if err := b.add(p.c.Name, p.c.Name, &page); err != nil {
		return err
	}
	fresh, err := p.fresh(ctx, b)
	if err != nil {
		return err
	}
	if len(fresh) == 0 && len(b.rejected) == 0 {
		return nil
	}
	refused, err := p.tell(ctx, "sync.census", fresh, b.rejected, nil, nil)
	p.out.Rejected = append(p.out.Rejected, refused...)
	return err
}
