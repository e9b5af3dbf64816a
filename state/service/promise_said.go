package service

import (
	"strings"
	"time"

	"github.com/keptcrm/kept/state"
)

// SaidInChat is what somebody wrote in a chat that a promise is made of.
type SaidInChat struct {
	Words string    `json:"words"`
	Where string    `json:"where"` // "Slack, #sales"
	By    string    `json:"by,omitempty"`
	At    time.Time `json:"at,omitzero"`
}

// maxSaid bounds, in characters, what of a message is kept as evidence.
const maxSaid = 2000

// evidence keeps the words with the promise; nil where nothing was said.
func (s *SaidInChat) evidence(now time.Time) *state.Evidence {
	if s == nil || strings.TrimSpace(s.Words) == "" {
		return nil
	}
	words := []rune(strings.ToValidUTF8(strings.TrimSpace(s.Words), "\uFFFD"))
	args := state.Args{"said": string(words[:min(len(words), maxSaid)]), "where": oneLine(s.Where), "at": s.at(now).Format(time.RFC3339)}
	if by := oneLine(s.By); by != "" {
		args["by"] = by
	}
	return &state.Evidence{Code: "said_in_chat", Args: args}
}

// at is when it was said: not after now.
func (s *SaidInChat) at(now time.Time) time.Time {
	if s.At.IsZero() || s.At.After(now) {
		return now
	}
	return s.At.UTC()
}
