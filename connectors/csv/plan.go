package csv

import (
	"maps"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/keptcrm/kept/connectors"
)

// plan is a layout applied to one header: all that is needed to read rows of a file. It is plain
// data, so that a row set aside can be read again long after the file has gone.
type plan struct {
	File      string          `json:"file"` // base name, for messages
	Layout    string          `json:"layout"`
	Which     int             `json:"which"` // place in layouts; -1: contacts of any table, -2: orders of any table
	Kind      connectors.Kind `json:"kind"`
	Delimiter string          `json:"delimiter"`
	Columns   []column        `json:"columns"`
	Zone      string          `json:"zone,omitempty"`     // of times that tell none; empty: UTC
	Currency  string          `json:"currency,omitempty"` // of amounts that tell none
	Short     bool            `json:"short,omitempty"`    // rows are written without the empty cells at their end

	layout  *layout
	zone    *time.Location
	targets []target
	names   []string         // folded names of the columns
	folded  map[string]int   // folded column name -> column
	byName  map[string][]int // target name and part ("order.total") -> columns
	sorted  []int            // columns in the order of their names, for hashes that survive a reordering
	idCol   int              // -1: none
	key     []int            // columns that tell which order a row belongs to
	covers  []string         // the fields that a contact of this file can tell, sorted
}

// column is one column of the file and what it becomes.
type column struct {
	Name    string `json:"name"`
	Target  string `json:"target,omitempty"`
	Why     string `json:"why,omitempty"`
	Was     string `json:"was,omitempty"`     // what it would become had no person said otherwise
	Dates   string `json:"dates,omitempty"`   // order of day and month, for dates
	Decimal string `json:"decimal,omitempty"` // decimal separator, for amounts
}

// settings are the options of a connection, taken apart.
type settings struct {
	path, layout, currency, zone, dates string
	mapped                              map[string]string // folded column name -> target
}

// newPlan applies the layout that fits (or the one that the settings name) to a header, looking at
// sample rows for what the header does not tell. Its errors are for the user.
func newPlan(file, delimiter string, header []string, sample [][]string, s settings) (*plan, error) {
	p := &plan{File: file, Delimiter: delimiter, Zone: s.zone, Currency: s.currency}
	l := recognise(header)
	switch {
	case s.layout == "table":
		l = nil
	case s.layout != "":
		l = byName(s.layout, header)
	case l == nil && mailchimpChosen(file, header, sample):
		l = mailchimpAudience
	}
	why := "layout"
	var guessed []guess
	if l == nil {
		guessed = guessColumns(header, sample)
		l = tableContacts
		if looksLikeOrders(guessed, s.mapped, header) {
			l = tableOrders
		}
	}
	p.setLayout(l)
	seen := map[string]bool{}
	for i, name := range header {
		c := column{Name: name, Why: why}
		f := fold(name)
		if guessed != nil {
			c.Target, c.Why = guessed[i].target, guessed[i].why
		} else if t, ok := l.target(f); ok && !seen[f] {
			c.Target = t
		} else {
			c.Target, c.Why = customTarget(name), "name"
		}
		seen[f] = true
		if t, ok := s.mapped[f]; ok {
			c.Target, c.Why, c.Was = t, "map", c.Target
		}
		p.Columns = append(p.Columns, c)
	}
	for f := range s.mapped {
		if !seen[f] {
			return nil, invalid("the table has no column %q to map; its columns are: %s", f, strings.Join(header, ", "))
		}
	}
	if err := p.finish(); err != nil {
		return nil, err
	}
	p.look(sample, s.dates)
	return p, nil
}

func (p *plan) setLayout(l *layout) {
	p.layout, p.Layout, p.Kind = l, l.name, l.kind
	p.Which = -1
	if l == tableOrders {
		p.Which = -2
	}
	for i, x := range layouts {
		if x == l {
			p.Which = i
		}
	}
}

func customTarget(name string) string {
	if s := slug(name); s != "" {
		return connectors.CustomPrefix + s
	}
	return ""
}

// load completes a plan that was kept as plain data.
func (p *plan) load() error {
	switch {
	case p.Which >= 0 && p.Which < len(layouts) && layouts[p.Which].name == p.Layout:
		p.layout = layouts[p.Which]
	case p.Which == -2:
		p.layout = tableOrders
	case p.Which == -1:
		p.layout = tableContacts
	default: // the list has changed since: the header still tells
		names := make([]string, len(p.Columns))
		for i, c := range p.Columns {
			names[i] = c.Name
		}
		if p.layout = byName(p.Layout, names); p.layout == nil {
			return invalid("layout %q is not known any more; import the file again", p.Layout)
		}
	}
	return p.finish()
}

// finish computes what follows from the plain data.
func (p *plan) finish() error {
	p.zone = time.UTC
	if p.Zone != "" && !p.layout.utc {
		z, err := time.LoadLocation(p.Zone)
		if err != nil {
			return invalid("%q is no time zone; write it like Europe/Berlin", p.Zone)
		}
		p.zone = z
	}
	p.folded, p.byName, p.idCol = map[string]int{}, map[string][]int{}, -1
	for i, c := range p.Columns {
		name := fold(c.Name)
		p.names = append(p.names, name)
		if _, ok := p.folded[name]; !ok {
			p.folded[name] = i
		}
		p.sorted = append(p.sorted, i)
	}
	sort.SliceStable(p.sorted, func(a, b int) bool { return p.names[p.sorted[a]] < p.names[p.sorted[b]] })
	for i, c := range p.Columns {
		t := parseTarget(c.Target)
		if names, ok := strings.CutPrefix(t.label, "@"); ok {
			t.label = ""
			for _, n := range strings.Split(names, "|") {
				if j, ok := p.folded[n]; ok {
					t.label = "@" + strconv.Itoa(j)
				}
			}
		}
		p.targets = append(p.targets, t)
		name := t.name
		if t.part != "" {
			name += "." + t.part
		}
		p.byName[name] = append(p.byName[name], i)
	}
	from := p.layout.idFrom
	if from == "" {
		from = "id"
	}
	if cols := p.byName[from]; len(cols) > 0 {
		p.idCol = cols[0]
	}
	p.key = append(p.byName["order.number"], p.byName["order.id"]...)
	p.covers = p.fieldsTold()
	return nil
}

// fieldsTold gives the fields that contacts of this file can have: those of its columns, what a
// column was read as before a person corrected it, and the custom fields that take what a column
// says and nobody understands. Of an order's contact, the order's own fields are none.
func (p *plan) fieldsTold() []string {
	told := map[string]bool{}
	for _, f := range p.layout.adds {
		told[f] = true
	}
	for i, c := range p.Columns {
		for _, t := range []target{p.targets[i], parseTarget(c.Was)} {
			own := t.name == "custom" || t.name == connectors.FieldTag
			switch {
			case own && p.Kind == connectors.Order:
			case t.name == "custom":
				told[connectors.CustomPrefix+t.part] = true
			case slices.Contains(fieldsOfContacts, t.name):
				told[t.name] = true
			}
		}
		switch p.targets[i].name { // those of which draft.bad can speak
		case connectors.FieldEmail, connectors.FieldPhone, "created", "modified", "consent", "consent_at", "optout", "optout_at", "status":
			if f := customTarget(c.Name); f != "" {
				told[f] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(told))
}

// look finds out, from sample rows, how dates and amounts are written where the layout does not say.
func (p *plan) look(sample [][]string, dates string) {
	comma := p.Delimiter == ";" // tables with semicolons come from where the comma is the decimal separator
	for i := range p.Columns {
		c, t := &p.Columns[i], p.targets[i]
		c.Dates = p.layout.dates
		if dates != "" {
			c.Dates = dates
		}
		if isTime(t) && c.Dates == "" {
			for _, row := range sample {
				if i < len(row) {
					if o := dateOrder(clean(row[i])); o != "" {
						c.Dates = o
						break
					}
				}
			}
			if c.Dates == "" && comma {
				c.Dates = dayFirst
			}
		}
		if !isTime(t) {
			c.Dates = ""
		}
		if isMoney(t) {
			d := p.layout.decimal
			for _, row := range sample {
				if d == 0 && i < len(row) {
					d = decimalOf(clean(row[i]))
				}
			}
			if d != 0 {
				c.Decimal = string(d)
			}
		}
	}
	// One amount column that shows its separator speaks for the others.
	for i := range p.Columns {
		for j := range p.Columns {
			if isMoney(p.targets[i]) && p.Columns[i].Decimal == "" && p.Columns[j].Decimal != "" {
				p.Columns[i].Decimal = p.Columns[j].Decimal
			}
			if isTime(p.targets[i]) && p.Columns[i].Dates == "" && isTime(p.targets[j]) {
				p.Columns[i].Dates = p.Columns[j].Dates
			}
		}
	}
}

func isTime(t target) bool {
	switch t.name {
	case "created", "modified", "consent_at", "optout_at", connectors.FieldBirthday:
		return true
	case "order":
		return t.part == "at" || strings.HasSuffix(t.part, "_at")
	}
	return false
}

func isMoney(t target) bool {
	switch t.name {
	case "order":
		return t.part == "total" || t.part == "refunded" || t.part == "adjusted" || t.part == "net" || t.part == "value"
	case "line":
		return t.part == "price" || t.part == "total"
	}
	return false
}

// has says whether the file has a column of that folded name.
func (p *plan) has(name string) bool { _, ok := p.folded[name]; return ok }

// first gives the first cell that is not empty of the columns of a target.
func (p *plan) first(cells []string, name string) (string, int) {
	for _, i := range p.byName[name] {
		if i < len(cells) {
			if v := clean(cells[i]); v != "" {
				return v, i
			}
		}
	}
	return "", -1
}

// usable says what is missing for the plan to be of any use, in words for the user.
func (p *plan) usable(sample [][]string) error {
	names := make([]string, len(p.Columns))
	for i, c := range p.Columns {
		names[i] = c.Name
	}
	if p.Kind == connectors.Order {
		for _, need := range []string{"order.total", "order.at"} {
			if len(p.byName[need]) == 0 {
				return invalid("%s: no column tells the %s of an order; name it with --map \"Column=%s\" (columns: %s)",
					p.File, map[string]string{"order.total": "total", "order.at": "date"}[need], need, strings.Join(names, ", "))
			}
		}
		if len(p.key) == 0 {
			return invalid("%s: no column tells the number of an order; name it with --map \"Column=order.number\" (columns: %s)", p.File, strings.Join(names, ", "))
		}
		if p.Currency == "" && len(p.byName["order.currency"]) == 0 && !p.showsCurrency(sample) {
			return invalid("%s does not tell the currency of its amounts; say it with --currency EUR (of a connection: kept connection set NAME currency=EUR)", p.File)
		}
		return nil
	}
	for _, f := range []string{"email", "phone", "name", "given", "family", "company", "id", "handle"} {
		if len(p.byName[f]) > 0 {
			return nil
		}
	}
	switch header := strings.Join(names, ""); {
	case strings.ContainsFunc(header, func(r rune) bool { return unicode.IsControl(r) || r == unicode.ReplacementChar }):
		return invalid("%s is not text, so it is no table; export it again, as CSV", p.File)
	case strings.HasPrefix(header, "{") || strings.HasPrefix(header, "["):
		return invalid("%s looks like JSON, not like a table; export it again, as CSV", p.File)
	}
	return invalid("%s: none of its columns is a name, an e-mail address or a phone number; say which is what with --map \"Column=email\" (columns: %s)",
		p.File, strings.Join(names, ", "))
}

// showsCurrency says whether the amounts themselves name their currency.
func (p *plan) showsCurrency(sample [][]string) bool {
	if len(sample) == 0 {
		return true
	}
	for _, row := range sample {
		for _, name := range []string{"order.total", "order.net"} {
			if v, _ := p.first(row, name); currencyIn(v) != "" {
				return true
			}
		}
	}
	return false
}

// content is the hash of what a row says, the same whatever the order of columns, the encoding
// and the line ends are.
func (p *plan) content(cells []string) string {
	parts := make([]string, 0, 2*len(cells))
	for _, i := range p.sorted {
		if i < len(cells) {
			if v := clean(cells[i]); v != "" {
				parts = append(parts, p.names[i], v)
			}
		}
	}
	return hashOf(parts...)
}

// keyOf gives what makes a contact's row one of a kind: its id, else its e-mail address in lower
// case, else nothing (then its content is its key).
func (p *plan) keyOf(cells []string) (string, connectors.Keyed) {
	if p.idCol >= 0 && p.idCol < len(cells) {
		id := clean(cells[p.idCol])
		if p.layout.idOf != nil {
			id = p.layout.idOf(id)
		}
		if id != "" {
			return id, connectors.KeyedID
		}
	}
	for _, i := range p.byName[connectors.FieldEmail] {
		if i < len(cells) {
			for _, part := range p.split(cells[i]) {
				if e, ok := parseEmail(part); ok {
					return strings.ToLower(e), connectors.KeyedEmail
				}
			}
		}
	}
	return "", connectors.KeyedContent
}

// split cuts a cell that may hold several values.
func (p *plan) split(cell string) []string {
	cell = clean(cell)
	if cell == "" {
		return nil
	}
	if p.layout.multi == "" {
		return []string{cell}
	}
	var parts []string
	for _, v := range strings.Split(cell, strings.TrimSpace(p.layout.multi)) {
		if v = clean(v); v != "" {
			parts = append(parts, v)
		}
	}
	return parts
}
