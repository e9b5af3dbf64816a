package followup

// Segment is a saved question: the customers for whom a condition holds.
type Segment struct {
	Name         string
	If           *Condition
	Line, Column int // in kept.yaml
}

// digits has the currencies whose minor unit is not a hundredth (ISO 4217).
var digits = map[string]int{"BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "ISK": 0, "JPY": 0, "KMF": 0, "KRW": 0, "PYG": 0, "RWF": 0,
	"UGX": 0, "UYI": 0, "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
	"BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3, "CLF": 4, "UYW": 4}

// Digits gives how many decimals a currency has, by its code; two where nothing else is known.
func Digits(currency string) int {
	if d, ok := digits[currency]; ok {
		return d
	}
	return 2
}

// Config is what kept.yaml says of follow-ups.
type Config struct {
	Rules    []*Rule // in the order in which they stand there
	Segments []*Segment
	// Default is whom the follow-ups of customers without an owner are for: a staff member; "" is
	// whoever sells.
	Default string
	// PerPerson is how many follow-ups rules make for one person on one day; PerRun how many one pass
	// makes. What is more waits for the next. 0 is 20 and 500.
	PerPerson, PerRun int
	Templates         map[string]*Template
}
