package bot

// Card is the answer to a word, neutral of where it is shown. Its texts are in the reader's
// language and hold customers' data as it is: whoever shows a card makes it safe for its medium.
type Card struct {
	Word  string // the word that made it: "brief"
	Title string
	Aside []string // beside the title, where there is room: owner, customer since
	// Sections in order of importance; none is empty.
	Sections []Section
	Foot     []string // small print: where it comes from, which command shows more
	Actions  []Action // what a chat offers as buttons
	// Again are words that show it once more and change nothing ("promise p12"); "" where there are none.
	Again string
	Data  any // the service's answer, for machines
}

// Shape says how a section's rows are laid out.
type Shape int

// The shapes of sections.
const (
	// Facts have a label in their first cell and parts of one line in the others.
	Facts Shape = iota
	// Table has columns that line up.
	Table
	// Lines have one paragraph in each cell.
	Lines
)

// Section is a part of a card with its rows.
type Section struct {
	Shape   Shape
	Heading string // "" for none
	Rows    []Row
	// Grow is the column of a table that gets the room that is left and wraps; the others are cut
	// where they are too long.
	Grow int
	// Continues says of a table that its columns line up with those of the table before it.
	Continues bool
}

// Row is one row; Ref is the number of what it shows ("p12"), where it has one.
type Row struct {
	Cells   []Cell
	Ref     string
	Actions []Action // what can be done with this row
}

// Tone says how a cell should catch the eye.
type Tone int

// The tones.
const (
	Plain  Tone = iota
	Strong      // names, what decides
	Late        // late, or refused: what must not be overlooked
	Dim         // small print
	Code        // a number or command to type
)

// Cell is one piece of text.
type Cell struct {
	Text string
	Tone Tone
}

// Action is something that can be done with what the card shows: a word to be run. Words has holes
// ({when}) where the person who acts adds something; Form then asks for it.
type Action struct {
	Code  string // "done", "new_date", ...; stable
	Label string
	Words string // "promise p12 done", "promise p12 by {when}"
	About string // what it is done with, for its form: p12, Jana Köhler: send the quote
	Form  *Form
}

func plain(s string) Cell  { return Cell{Text: s} }
func strong(s string) Cell { return Cell{Text: s, Tone: Strong} }
func late(s string) Cell   { return Cell{Text: s, Tone: Late} }
func dim(s string) Cell    { return Cell{Text: s, Tone: Dim} }
func code(s string) Cell   { return Cell{Text: s, Tone: Code} }

// add puts a section on the card, unless it has no rows.
func (c *Card) add(s Section) {
	if len(s.Rows) > 0 {
		c.Sections = append(c.Sections, s)
	}
}

func (s *Section) row(ref string, cells ...Cell) {
	s.Rows = append(s.Rows, Row{Cells: cells, Ref: ref})
}

// lines makes a section of paragraphs.
func lines(heading string, texts ...string) Section {
	s := Section{Shape: Lines, Heading: heading}
	for _, t := range texts {
		s.row("", plain(t))
	}
	return s
}
