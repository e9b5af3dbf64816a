package match

// Result says which rows belong together.
type Result struct {
	Roles   []Role  // by column
	Cluster []int32 // by row: the first row of its group in the most probable grouping
	Sure    []int32 // by row: the first row of its group among what would link by itself
	table   *Table
	rs      *rowset
	w       *weights
	edges   []edge
	likely  *groups
	sure    *groups
}

// Run matches the rows of a table. told, which may be nil, is called now and then with what goes on.
func Run(t *Table, told func(step string)) *Result {
	say := func(step string) {
		if told != nil {
			told(step)
		}
	}
	say("reading values")
	rs := prepare(t)
	say("finding pairs")
	candidates := rs.candidates()
	say("learning")
	w := learn(rs, candidates)
	say("comparing")
	edges := scorePairs(rs, w, candidates)
	say("grouping")
	r := &Result{Roles: rs.roles, table: t, rs: rs, w: w, edges: edges}
	r.likely = cluster(rs, w, edges)
	r.sure = surely(rs, w, edges, r.likely)
	r.Cluster = rs.spread(r.likely, w, 0)
	r.Sure = rs.spread(r.sure, w, sureBits)
	return r
}

// spread gives for each row of the table the first row of its group. Rows that are the same in every column belong together
// where that says enough: many people are called John Smith.
func (rs *rowset) spread(g *groups, w *weights, atLeast float32) []int32 {
	out := make([]int32, len(rs.of))
	first := make([]int32, rs.n)
	for i := range first {
		first[i] = -1
	}
	s := newScorer(rs, w)
	for row, i := range rs.of {
		out[row] = int32(row)
		if i < 0 {
			continue
		}
		c := g.of[i]
		switch {
		case first[c] < 0:
			first[c] = int32(row)
		case int(rs.first[i]) == row || g.members[c] != nil || s.score(i, i) > atLeast:
			out[row] = first[c]
		}
	}
	return out
}
