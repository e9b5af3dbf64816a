package state

// StaffSetting is how one of us wants to be told things by Kept. A field that says nothing leaves it to
// the default. Language and zone are those of [Staff].
type StaffSetting struct {
	Staff     uint64   `k:"1" json:"-"`
	Digest    string   `k:"2" json:"digest,omitempty"`    // on, off
	At        string   `k:"3" json:"at,omitempty"`        // of the digest, in their zone: "08:30"
	Days      []string `k:"4" json:"days,omitempty"`      // of the digest: mon, tue, ...; none: working days
	Reminders string   `k:"5" json:"reminders,omitempty"` // on, off
	Lead      string   `k:"6" json:"lead,omitempty"`      // before a due time with an hour: "2h", "45m"
	Questions string   `k:"7" json:"questions,omitempty"` // digest, now, off
	Quiet     string   `k:"8" json:"quiet,omitempty"`     // "20:00-07:00", "none"

	// Told is the last day of theirs ("2026-11-22") whose digest was made, or had nothing to say.
	Told string `k:"9" json:"told,omitempty"`
}

// StaffSettings holds them by the number of the staff member.
var StaffSettings = declare(Declaration[StaffSetting]{
	Name:  "staff_settings",
	Erase: Erase{Rule: EraseNone, Why: "how our own people want to be told, in words of the program"},
	Key:   func(s *StaffSetting) []byte { return NumberKey(s.Staff) },
})
