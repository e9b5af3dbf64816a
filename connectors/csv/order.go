package csv

import (
	"fmt"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/keptcrm/kept/connectors"
)

// orderDraft is an order being read from all of its rows.
type orderDraft struct {
	p      *plan
	merged source // of each column the first cell that is not empty
	rows   [][]string
	lines  []int64
	order  *connectors.OrderData
	rec    connectors.Record
	rep    *report
	broken string // why the order cannot be read; empty: it can
	field  string // the column at fault
	at     int64  // its line
}

// orders reads one order and the contact that it implies. ok is false where the order had to be
// set aside; then reason and field say why.
func (p *plan) orders(rows [][]string, lines []int64, rep *report) (order connectors.Record, buyer *connectors.Record, d *orderDraft) {
	d = &orderDraft{p: p, rows: rows, lines: lines, rep: &report{}, order: &connectors.OrderData{}, rec: connectors.Record{Kind: connectors.Order, Keyed: connectors.KeyedID}}
	d.merge()
	o := d.order
	d.rec.Order = o
	o.Number = d.first("order.number")
	d.rec.ID = d.first("order.id")
	if o.Number == "" {
		o.Number = d.rec.ID
	}
	if d.rec.ID == "" {
		d.rec.ID = o.Number
	}
	if d.rec.ID == "" {
		d.fail("order.number", "the row names no order")
		return d.rec, nil, d
	}
	d.currency()
	total, told := d.moneyTold("order.total")
	if !told {
		d.fail("order.total", "order %s tells no total", o.Number)
	}
	if o.Currency == "" {
		d.fail("order.currency", "order %s tells no currency", o.Number)
	}
	o.Total = total
	o.At = d.time("order.at")
	if o.At.IsZero() {
		d.fail("order.at", "order %s tells no date", o.Number)
	}
	o.Paid, o.Shipped = d.time("order.paid_at"), d.time("order.shipped_at")
	o.Note = d.first("order.note")
	d.readLines()
	d.p.layout.order(d)
	if d.broken != "" {
		return d.rec, nil, d
	}
	d.rec.Created = o.At
	d.own()
	buyer = d.buyer()
	rep.rejected = append(rep.rejected, d.rep.rejected...)
	return d.rec, buyer, d
}

func (d *orderDraft) merge() {
	n := len(d.p.Columns)
	d.merged = source{cells: make([]string, n), lines: make([]int64, n)}
	for r, row := range d.rows {
		for i := range min(n, len(row)) {
			if d.merged.cells[i] == "" && clean(row[i]) != "" {
				d.merged.cells[i], d.merged.lines[i] = row[i], d.lines[r]
			}
		}
	}
}

// fail says why the order cannot be read; the first reason counts.
func (d *orderDraft) fail(name, format string, args ...any) {
	if d.broken != "" {
		return
	}
	d.broken, d.at = fmt.Sprintf(format, args...), d.lines[0]
	if cols := d.p.byName[name]; len(cols) > 0 {
		d.field = d.p.Columns[cols[0]].Name
		if l := d.merged.lines[cols[0]]; l > 0 {
			d.at = l
		}
	}
}

func (d *orderDraft) first(name string) string {
	v, _ := d.p.first(d.merged.cells, name)
	return v
}

func (d *orderDraft) currency() {
	if cell := d.first("order.currency"); cell != "" {
		code, ok := currencyCode(cell)
		if !ok {
			d.fail("order.currency", "%q is no currency", short(cell))
		}
		d.order.Currency = code
		return
	}
	for _, name := range []string{"order.total", "order.net"} {
		if c := currencyIn(d.first(name)); c != "" {
			d.order.Currency = c
			return
		}
	}
	d.order.Currency = d.p.Currency
}

// money gives the amount of a target in minor units, 0 where it is not told.
func (d *orderDraft) money(name string) int64 {
	v, _ := d.moneyTold(name)
	return v
}

func (d *orderDraft) moneyTold(name string) (int64, bool) {
	cell, i := d.p.first(d.merged.cells, name)
	if cell == "" {
		if name == "order.total" && len(d.p.byName["order.net"]) > 0 {
			return d.moneyTold("order.net")
		}
		return 0, false
	}
	return d.amount(name, cell, i), true
}

func (d *orderDraft) amount(name, cell string, col int) int64 {
	v, ok := parseMoney(cell, d.order.Currency, d.p.decimal(col))
	if !ok {
		d.fail(name, "%q is no amount", short(cell))
	}
	return v
}

func (p *plan) decimal(col int) byte {
	if d := p.Columns[col].Decimal; d != "" {
		return d[0]
	}
	return 0
}

func (d *orderDraft) time(name string) time.Time {
	cell, i := d.p.first(d.merged.cells, name)
	if cell == "" {
		return time.Time{}
	}
	when, ok := parseTime(cell, d.p.Columns[i].Dates, d.p.zone)
	switch {
	case ok:
	case name == "order.at":
		d.fail(name, "%q is no date", short(cell))
	default:
		d.rep.kept(where(d.p.File, d.merged.lines[i]), d.p.Columns[i].Name, fmt.Sprintf("%q is no date", short(cell)))
	}
	return when
}

func (d *orderDraft) setRefunded(minor int64) {
	if minor < 0 {
		minor = -minor
	}
	d.order.Refunded = minor
	d.order.Refunds = nil
	if minor > 0 {
		d.order.Refunds = []connectors.Refund{{Amount: minor}}
	}
}

// addNegativeTotals takes rows of the order with a negative total for refunds: that is how
// Analytics lists them, beside the order's own row.
func (d *orderDraft) addNegativeTotals() {
	var sum, refunded int64
	for _, row := range d.rows {
		cell, i := d.p.first(row, "order.total")
		if cell == "" {
			if cell, i = d.p.first(row, "order.net"); cell == "" {
				continue
			}
		}
		if v := d.amount("order.total", cell, i); v < 0 {
			refunded -= v
		} else {
			sum = max(sum, v)
		}
	}
	if refunded > 0 {
		d.order.Total = sum
		d.setRefunded(d.order.Refunded + refunded)
	}
}

// readLines makes a line of each row that names something bought, or of the one cell that lists
// all (WooCommerce's "2× Blue mug, 1× Red mug").
func (d *orderDraft) readLines() {
	for _, row := range d.rows {
		sku, _ := d.p.first(row, "line.sku")
		name, _ := d.p.first(row, "line.name")
		quantity, _ := d.p.first(row, "line.quantity")
		price, col := d.p.first(row, "line.price")
		total, totalCol := d.p.first(row, "line.total")
		if sku == "" && name == "" && (price == "" || quantity == "") {
			continue
		}
		line := connectors.OrderLine{SKU: sku, Name: name, Quantity: quantityOf(quantity)}
		switch {
		case price != "":
			line.Price = d.lineAmount(price, col)
		case total != "" && line.Quantity > 0:
			line.Price = d.lineAmount(total, totalCol) / line.Quantity
		}
		d.order.Lines = append(d.order.Lines, line)
	}
	if cell := d.first("order.lines"); cell != "" && len(d.order.Lines) == 0 {
		d.order.Lines = linesIn(cell, d.order.Currency)
	}
}

// lineAmount reads the price of a line; an order is not set aside for it.
func (d *orderDraft) lineAmount(cell string, col int) int64 {
	v, ok := parseMoney(cell, d.order.Currency, d.p.decimal(col))
	if !ok {
		d.rep.kept(where(d.p.File, d.merged.lines[col]), d.p.Columns[col].Name, fmt.Sprintf("%q is no amount", short(cell)))
	}
	return v
}

func quantityOf(cell string) int64 {
	cell = strings.ReplaceAll(cell, ",", ".")
	whole, _, _ := strings.Cut(cell, ".")
	n, err := strconv.ParseInt(strings.TrimSpace(whole), 10, 32)
	if err != nil {
		return 1
	}
	return n
}

// linesIn reads a cell that lists what was bought: "2× Blue mug, 1× Red mug", or the plug-ins'
// "name:Blue mug|sku:MUG-B|quantity:2|total:19.00;name:...".
func linesIn(cell, currency string) []connectors.OrderLine {
	var lines []connectors.OrderLine
	if strings.Contains(cell, "name:") && strings.Contains(cell, "|") {
		for _, item := range strings.Split(cell, ";") {
			line, total := connectors.OrderLine{Quantity: 1}, int64(0)
			for _, pair := range strings.Split(item, "|") {
				key, value, _ := strings.Cut(strings.TrimSpace(pair), ":")
				switch key {
				case "name", "product_name":
					line.Name = value
				case "sku":
					line.SKU = value
				case "quantity":
					line.Quantity = quantityOf(value)
				case "total":
					total, _ = parseMoney(value, currency, '.')
				}
			}
			if line.Quantity > 0 {
				line.Price = total / line.Quantity
			}
			if line.Name != "" || line.SKU != "" {
				lines = append(lines, line)
			}
		}
		return lines
	}
	for _, item := range strings.Split(cell, ", ") {
		quantity, name, ok := strings.Cut(item, "×")
		n, err := strconv.ParseInt(strings.TrimSpace(quantity), 10, 32)
		switch {
		case ok && err == nil:
			lines = append(lines, connectors.OrderLine{Name: strings.TrimSpace(name), Quantity: n})
		case len(lines) > 0: // a comma in a product's name
			lines[len(lines)-1].Name += ", " + item
		default:
			lines = append(lines, connectors.OrderLine{Name: strings.TrimSpace(item), Quantity: 1})
		}
	}
	return lines
}

// own puts what the file says beyond the order and its buyer into the order's own fields.
func (d *orderDraft) own() {
	c := d.p.draftContact(d.merged, d.rep)
	for i, t := range d.p.targets {
		if t.name == "custom" || t.name == connectors.FieldTag {
			c.read(i)
		}
	}
	for name, values := range c.fields {
		d.rec.Fields = append(d.rec.Fields, connectors.Field{Name: name, Values: values})
	}
	sort.Slice(d.rec.Fields, func(a, b int) bool { return d.rec.Fields[a].Name < d.rec.Fields[b].Name })
}

// buyer reads the contact that the order implies; nil where the order names nobody.
func (d *orderDraft) buyer() *connectors.Record {
	c := d.p.draftContact(d.merged, d.rep)
	for i, t := range d.p.targets {
		if t.name != "custom" && t.name != connectors.FieldTag {
			c.read(i)
		}
	}
	rec := c.finish()
	if len(rec.Fields) == 0 {
		return nil
	}
	for i := range rec.Consents {
		if rec.Consents[i].At.IsZero() {
			rec.Consents[i].At = d.order.At // the box was ticked, or not, at the checkout
		}
	}
	get := func(name string) string {
		for _, f := range rec.Fields {
			if f.Name == name {
				return f.Values[0].Text
			}
		}
		return ""
	}
	id := d.first("buyer")
	if id == "" && len(d.p.byName["buyer"]) > 0 {
		id = get(connectors.FieldHandle)
	}
	switch email := get(connectors.FieldEmail); {
	case email != "":
		rec.ID, rec.Keyed = "email:"+strings.ToLower(email), connectors.KeyedEmail
	case id != "":
		rec.ID, rec.Keyed = "buyer:"+id, connectors.KeyedID
	default:
		name := get(connectors.FieldName)
		if name == "" {
			name = get(connectors.FieldGiven) + " " + get(connectors.FieldFamily)
		}
		var street, postcode string
		for _, f := range rec.Fields {
			if f.Name == connectors.FieldAddress {
				street, postcode = f.Values[0].Parts[connectors.PartStreet], f.Values[0].Parts[connectors.PartPostcode]
			}
		}
		phone := digits(get(connectors.FieldPhone))
		if strings.TrimSpace(name) == "" && street == "" && phone == "" {
			return nil
		}
		rec.ID, rec.Keyed = "guest:"+hashOf(fold(name), fold(street), fold(postcode), phone), connectors.KeyedContent
	}
	rec.Implied, rec.Modified = true, d.order.At
	d.order.Party = rec.ID
	return &rec
}

// judgeGeneric reads the state of an order in a table that no vendor laid down.
func judgeGeneric(d *orderDraft) {
	o := d.order
	o.Status = joinStatus(d.first("order.status"), d.first("order.fulfilment"))
	status := fold(o.Status)
	if s, ok := wooStatus[status]; ok {
		status = s
	}
	d.setRefunded(d.money("order.refunded"))
	has := func(words ...string) bool {
		for _, w := range words {
			if strings.Contains(status, w) {
				return true
			}
		}
		return false
	}
	o.State, o.Counts = connectors.OrderPaid, true
	switch {
	case has("cancel", "void", "storn", "annul", "取消", "作废"), d.first("order.cancelled_at") != "":
		o.State, o.Counts = connectors.OrderCancelled, false
	case has("fail", "fehlgeschlagen", "失败", "declin", "expired"):
		o.State, o.Counts = connectors.OrderFailed, false
	case has("partial", "teilweise", "部分"):
	case has("refund", "erstattet", "rembours", "reembols", "退款"):
		o.State = connectors.OrderRefunded
		if o.Refunded == 0 {
			d.setRefunded(o.Total)
		}
	case has("pending", "unpaid", "open", "offen", "ausstehend", "待付款", "未付款", "draft"):
		o.State, o.Counts = connectors.OrderPending, false
	case has("deliver", "geliefert", "zugestellt", "已送达", "已签收"):
		o.State = connectors.OrderDelivered
	case has("ship", "versand", "versendet", "complet", "fulfilled", "expédi", "已发货", "已完成"):
		o.State = connectors.OrderShipped
	}
	if strings.Contains(strings.ToLower(d.first("order.method")), "bogus") {
		o.Test, o.Counts = true, false
	}
}
