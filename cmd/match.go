package cmd

import (
	"bufio"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"github.com/keptcrm/kept/bot"
	"github.com/keptcrm/kept/bot/text"
	"github.com/keptcrm/kept/connectors/engine"
	"github.com/keptcrm/kept/connectors/format/table"
	"github.com/keptcrm/kept/state/identity/match"
)

// matchIn is what "kept match" is asked.
type matchIn struct {
	file, key string
	roles     []string
	pairs     bool
}

// matchRow is one row of the answer of "kept match", in the order of the table.
type matchRow struct {
	Key     string `json:"key"`
	Cluster string `json:"cluster"` // the key of the first row of its group
	Sure    string `json:"sure"`    // the same among what would link by itself
}

// matchPair is one pair of "kept match --pairs".
type matchPair struct {
	A           string          `json:"a"`
	B           string          `json:"b"`
	Verdict     string          `json:"verdict"`     // sure, likely, doubtful
	Probability float64         `json:"probability"` // from 0 to 1
	Bits        float64         `json:"bits"`        // the same as log2 odds
	Evidence    []matchEvidence `json:"evidence"`
}

// why gives the evidence as one line.
func (m matchPair) why() string {
	var words []string
	for _, e := range m.Evidence {
		words = append(words, e.Words)
	}
	return strings.Join(words, "; ")
}

// matchLine is a pair in a table.
type matchLine struct {
	A           string  `json:"a"`
	B           string  `json:"b"`
	Verdict     string  `json:"verdict"`
	Probability float64 `json:"probability"`
	Bits        float64 `json:"bits"`
	Evidence    string  `json:"evidence"`
}

// matchEvidence is what one field says for or against a pair.
type matchEvidence struct {
	Field string  `json:"field"`
	Role  string  `json:"role"`
	Level string  `json:"level"`
	A     string  `json:"a,omitempty"`
	B     string  `json:"b,omitempty"`
	Bits  float64 `json:"bits"`
	Words string  `json:"words"`
}

func newMatch(f *factory) *cobra.Command {
	in := matchIn{}
	c := &cobra.Command{
		Use:   "match FILE",
		Short: "say which rows of a table are about the same person or organisation",
		Long: "Say which rows of a table are about the same person or organisation. Needs no state and changes\n" +
			"nothing. Columns are recognised by name and content; --map says it where that fails. For each row\n" +
			"\"cluster\" is the most probable group, and \"sure\" what would be linked without asking anybody;\n" +
			"both are the key of the first row of the group.",
		Example: examples(
			"match contacts.csv --key id",
			"match contacts.csv --key id --output csv > groups.csv",
			"match members.csv --key Nr --map name=Mitglied,birthday=geb,ignore=Bemerkung",
			"match contacts.csv --key id --pairs    # why, pair by pair"),
		GroupID: groupData,
		Args:    arguments(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			in.file = args[0]
			return f.runMatch(c.Context(), in)
		},
	}
	c.Flags().StringVar(&in.key, "key", "", "the `COLUMN` whose value names a row; each value once")
	c.Flags().StringArrayVar(&in.roles, "map", nil, "what columns hold, `ROLE=COLUMN,...`: "+strings.Join(roleNames(), ", "))
	c.Flags().BoolVar(&in.pairs, "pairs", false, "give each linked or doubtful pair, with score and evidence")
	return c
}

func roleNames() []string {
	var out []string
	for _, r := range match.Roles {
		out = append(out, string(r))
	}
	return out
}

func (f *factory) runMatch(ctx context.Context, in matchIn) error {
	file, err := os.Open(in.file)
	if err != nil {
		return fileProblem(in.file, err)
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	if err != nil {
		return fileProblem(in.file, err)
	}
	if info.IsDir() {
		return invalid("file_folder", "file", in.file)
	}
	src := io.NewSectionReader(file, 0, info.Size())
	shape, err := table.Sniff(src, table.Options{})
	if err != nil {
		return fileProblem(in.file, err)
	}
	if shape.Empty {
		return invalid("file_empty", "file", in.file)
	}
	columns, key, err := matchColumns(in, shape.Header)
	if err != nil {
		return err
	}
	bar := f.newBar()
	defer bar.done()
	s, err := f.settings()
	if err != nil {
		return err
	}
	keys, t, err := readMatch(ctx, in, table.NewReader(src, shape, shape.Start), shape, columns, key, bar, info.Size())
	if err != nil {
		return err
	}
	t.Region = s.region
	// Nearly all memory is held to the end: collecting early costs little and spares a third of it.
	defer debug.SetGCPercent(debug.SetGCPercent(40))
	result := match.Run(t, func(step string) { bar.step(filepath.Base(in.file), step) })
	bar.done()
	if err := ctx.Err(); err != nil {
		return err
	}
	if in.pairs {
		return f.showPairs(keys, result)
	}
	return f.showMatch(in, keys, result, columns)
}

// matchColumns says which column is the key and what the others hold.
func matchColumns(in matchIn, header []string) ([]match.Column, int, error) {
	all := strings.Join(header, ", ")
	if in.key == "" {
		return nil, 0, invalid("match_no_key", "file", in.file, "columns", all)
	}
	find := func(name string) int {
		if i := slices.Index(header, name); i >= 0 {
			return i
		}
		return slices.IndexFunc(header, func(h string) bool { return strings.EqualFold(strings.TrimSpace(h), strings.TrimSpace(name)) })
	}
	key := find(in.key)
	if key < 0 {
		return nil, 0, invalid("match_no_column", "file", in.file, "column", in.key, "option", "--key", "columns", all)
	}
	columns := make([]match.Column, len(header))
	for i, h := range header {
		columns[i].Name = h
	}
	pairs, err := mapPairs(in.roles)
	if err != nil {
		return nil, 0, err
	}
	for _, p := range pairs {
		role := match.Role(p[0])
		if !slices.Contains(match.Roles, role) {
			return nil, 0, invalid("match_no_role", "role", p[0], "roles", strings.Join(roleNames(), ", "))
		}
		i := find(p[1])
		if i < 0 {
			return nil, 0, invalid("match_no_column", "file", in.file, "column", p[1], "option", "--map", "columns", all)
		}
		columns[i].Role = role
	}
	columns[key].Role = match.Ignored
	return columns, key, nil
}

// mapPairs takes --map apart. A piece without = belongs to the name of the column before it, which has a comma.
func mapPairs(values []string) ([][2]string, error) {
	var out [][2]string
	for _, v := range values {
		first := len(out)
		for piece := range strings.SplitSeq(v, ",") {
			role, column, ok := strings.Cut(piece, "=")
			switch {
			case ok && strings.TrimSpace(role) != "" && strings.TrimSpace(column) != "":
				out = append(out, [2]string{strings.ToLower(strings.TrimSpace(role)), column})
			case !ok && len(out) > first && strings.TrimSpace(piece) != "":
				out[len(out)-1][1] += "," + piece
			case strings.TrimSpace(piece) == "" && !ok:
			default:
				return nil, invalid("match_map", "value", piece)
			}
		}
	}
	return out, nil
}

// matchBatch is how many rows are handed on at a time.
const matchBatch = 4096

// readMatch reads the table; while one batch is taken in the next is read.
func readMatch(ctx context.Context, in matchIn, r *table.Reader, shape table.Shape, columns []match.Column, key int, bar *bar, size int64) ([]string, *match.Table, error) {
	t := match.NewTable(columns)
	name := filepath.Base(in.file)
	batches := make(chan [][]string, 2)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for b := range batches {
			t.AddRows(b)
		}
	}()
	keys, err := readRows(ctx, name, r, shape, key, batches, func(offset int64) { bar.read(name, offset, size) })
	close(batches)
	<-done
	return keys, t, err
}

func readRows(ctx context.Context, name string, r *table.Reader, shape table.Shape, key int, batches chan<- [][]string, tell func(int64)) ([]string, error) {
	var keys []string
	lines := map[string]int64{}
	batch := make([][]string, 0, matchBatch)
	for {
		row, err := r.Next()
		if errors.Is(err, io.EOF) {
			batches <- batch
			return keys, nil
		}
		if err != nil {
			return nil, fileProblem(name, err)
		}
		line := strconv.FormatInt(row.Start.Line, 10)
		cells := row.Cells
		for len(cells) > len(shape.Header) && strings.TrimSpace(cells[len(cells)-1]) == "" {
			cells = cells[:len(cells)-1]
		}
		switch {
		case row.Problem == table.Unclosed:
			return nil, invalid("match_unclosed", "file", name, "line", line)
		case row.Problem == table.TooLong:
			return nil, invalid("match_too_long", "file", name, "line", line)
		case len(cells) > len(shape.Header):
			return nil, invalid("match_cells", "file", name, "line", line, "cells", strconv.Itoa(len(cells)), "header", strconv.Itoa(len(shape.Header)))
		case key >= len(cells) || strings.TrimSpace(cells[key]) == "":
			return nil, invalid("match_key_missing", "file", name, "line", line, "field", shape.Header[key])
		}
		k := strings.Clone(strings.TrimSpace(cells[key]))
		if before, known := lines[k]; known {
			return nil, invalid("match_key_twice", "file", name, "line", line, "field", shape.Header[key], "key", k, "first", strconv.FormatInt(before, 10))
		}
		lines[k] = row.Start.Line
		keys = append(keys, k)
		if batch = append(batch, cells); len(batch) == matchBatch {
			batches <- batch
			batch = make([][]string, 0, matchBatch)
			tell(row.End.Offset)
			if err := ctx.Err(); err != nil {
				return nil, err
			}
		}
	}
}

func (f *factory) showMatch(in matchIn, keys []string, r *match.Result, columns []match.Column) error {
	switch f.flags.output {
	case formatTable:
		return f.show(matchCard(f.printer(), in, keys, r, columns))
	case "csv":
		// Keys go out as they came in: another program looks them up.
		b := bufio.NewWriterSize(f.o.Out, 1<<16)
		w := csv.NewWriter(b)
		_ = w.Write([]string{"key", "cluster", "sure"}) // Error tells at the end
		for i, k := range keys {
			_ = w.Write([]string{k, keys[r.Cluster[i]], keys[r.Sure[i]]})
		}
		w.Flush()
		return errors.Join(w.Error(), b.Flush())
	case "ids":
		b := bufio.NewWriterSize(f.o.Out, 1<<16)
		for i, k := range keys {
			if int(r.Cluster[i]) == i {
				fmt.Fprintln(b, k)
			}
		}
		return b.Flush()
	}
	l := f.lister(nil, 0)
	for i, k := range keys {
		if err := l.add(matchRow{Key: k, Cluster: keys[r.Cluster[i]], Sure: keys[r.Sure[i]]}); err != nil {
			return err
		}
	}
	return l.end("")
}

// maxGroups is how many groups people are shown.
const maxGroups = 40

func matchCard(p *text.Printer, in matchIn, keys []string, r *match.Result, columns []match.Column) bot.Card {
	s := newSheet("", nil)
	var read []bot.Row
	for i, c := range columns {
		role := string(r.Roles[i])
		if c.Name != in.key {
			read = append(read, row("", strong(c.Name), plain(role)))
		}
	}
	s.table("columns", 1, read)
	members := map[int32][]int{}
	var order []int32
	for i, c := range r.Cluster {
		if len(members[c]) == 1 {
			order = append(order, c)
		}
		members[c] = append(members[c], i)
	}
	slices.Sort(order)
	var rows []bot.Row
	joined := 0
	for n, c := range order {
		all := members[c]
		joined += len(all)
		if n >= maxGroups {
			continue
		}
		var names []string
		sure := "sure"
		for _, i := range all {
			names = append(names, keys[i])
			if r.Sure[i] != r.Sure[all[0]] {
				sure = "likely"
			}
		}
		rows = append(rows, row("", plain(sure), typed(strings.Join(names, " "))))
	}
	s.table("rows that belong together", 1, rows)
	line := p.Count(int64(len(keys)), "row", "rows") + " of " + p.Count(int64(len(members)), "person or organisation", "persons or organisations")
	if len(order) > 0 {
		line += ", " + p.Number(int64(joined)) + " of the rows in " + p.Count(int64(len(order)), "group", "groups")
	}
	s.lines("", line)
	if n := len(order) - len(rows); n > 0 {
		s.lines("", "and "+p.Count(int64(n), "more group", "more groups"))
	}
	again := "match " + shellWord(in.file) + " --key " + shellWord(in.key)
	for _, m := range in.roles {
		again += " --map " + shellWord(m)
	}
	s.foot("every row: "+p.Command(again+" --output csv"), "why: "+p.Command(again+" --pairs"))
	return s.card
}

func (f *factory) showPairs(keys []string, r *match.Result) error {
	l := f.lister(func(item any) bot.Row {
		m := item.(matchPair)
		return row("", plain(m.Verdict), typed(m.A), typed(m.B), plain(fmt.Sprintf("%.3f", m.Probability)), dim(m.why()))
	}, 4)
	for p := range r.Pairs() {
		m := matchPair{A: keys[p.A], B: keys[p.B], Verdict: string(p.Verdict), Probability: round(p.Probability, 1e4), Bits: round(p.Bits, 10)}
		for _, e := range p.Evidence {
			m.Evidence = append(m.Evidence, matchEvidence{Field: e.Field, Role: string(e.Role), Level: e.Level, A: e.A, B: e.B, Bits: e.Bits, Words: evidenceWords(e)})
		}
		var item any = m
		switch f.flags.output {
		case "csv":
			item = matchLine{A: m.A, B: m.B, Verdict: m.Verdict, Probability: m.Probability, Bits: m.Bits, Evidence: m.why()}
		case "jsonl", "ids":
			item = []matchPair{m}
		}
		if err := l.add(item); err != nil {
			return err
		}
	}
	return l.end("No two rows look as if they belonged together.")
}

func round(x, per float64) float64 {
	n, _ := strconv.ParseFloat(strconv.FormatFloat(x*per, 'f', 0, 64), 64)
	return n / per
}

// matchWords are the levels of agreement, in words.
var matchWords = map[string]string{
	"same": "the same", "typo": "almost the same", "part": "a part or short form of the other", "initial": "only an initial", "alike": "alike",
	"different": "different", "exchanged": "given and family name exchanged", "in_order": "in the same order",
	"swapped_day_month": "day and month exchanged", "digit_off": "one digit off", "year_off": "day and month agree, the year does not",
	"part_off": "the year and one of day and month agree",
	"year":     "the year agrees, one side knows no more", "near": "close", "tail": "the same ending", "same_mailbox": "the same before the @",
	"area": "the same area", "much": "nearly all words shared", "contained": "one holds all words of the other", "some": "some words shared",
	"little": "a word shared", "all": "all words of the shorter shared",
}

// evidenceWords says what a field says: surname the same, "köhler" (+9.1).
func evidenceWords(e match.Evidence) string {
	line := e.Field + ": " + matchWords[e.Level]
	switch {
	case e.A != "" && e.B != "" && e.A != e.B:
		line += ", " + strconv.Quote(short(e.A)) + " and " + strconv.Quote(short(e.B))
	case e.A != "":
		line += ", " + strconv.Quote(short(e.A))
	}
	line += fmt.Sprintf(" (%+.1f)", e.Bits)
	if e.Capped && e.Bits > 0 {
		line += " as the household"
	}
	return line
}

// short keeps a value from filling the line.
func short(s string) string {
	r := []rune(strings.Join(strings.Fields(s), " "))
	if len(r) > 40 {
		return string(r[:39]) + "…"
	}
	return string(r)
}

// read tells how much of the file was read.
func (b *bar) read(name string, done, size int64) {
	b.tell(context.Background(), engine.Progress{File: name, Done: done >> 10, Total: size >> 10})
}

// step tells what goes on where nobody knows how long it takes.
func (b *bar) step(name, step string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.f.flags.quiet {
		return
	}
	b.clear()
	if _, ok := terminal(b.f.o.Err); ok {
		b.file = name
		b.bar = progressbar.NewOptions64(-1, progressbar.OptionSetWriter(b.f.o.Err), progressbar.OptionSetDescription(name+": "+step),
			progressbar.OptionClearOnFinish(), progressbar.OptionEnableColorCodes(false))
		_ = b.bar.RenderBlank() // a terminal that went away shows no bar
		return
	}
	if now := b.f.o.Now(); now.Sub(b.last) >= every {
		b.last = now
		b.f.talk(name + ": " + step)
	}
}
