package cmd

import (
	"encoding/json"
	"fmt"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/api"
)

// codec carries the state's errors between processes: their class and arguments travel, their
// cause stays where it is.
var codec = api.Codec{
	Encode: func(err error) (api.Fault, bool) {
		if !isState(err) {
			return api.Fault{}, false
		}
		e := state.AsError(err)
		args, jerr := json.Marshal(carried{Class: e.Class, Args: e.Args})
		if jerr != nil {
			return api.Fault{}, false
		}
		return api.Fault{Code: e.Code, Message: e.Code, Args: args}, true
	},
	Decode: func(f api.Fault) error {
		var c carried
		if json.Unmarshal(f.Args, &c) == nil && c.Class != "" {
			return &state.Error{Class: c.Class, Code: f.Code, Args: c.Args}
		}
		e := &state.Error{Class: classOf(f.Code), Code: f.Code, Cause: fmt.Errorf("%s", f.Message)}
		var own map[string]any
		if json.Unmarshal(f.Args, &own) == nil && len(own) > 0 {
			e.Args = state.Args{}
			for k, v := range own {
				e.Args[k] = fmt.Sprint(v)
			}
		}
		return e
	},
}

// carried is what a fault takes along of an error.
type carried struct {
	Class state.Class `json:"class"`
	Args  state.Args  `json:"args,omitempty"`
}

func isState(err error) bool {
	_, ok := asState(err)
	return ok
}

// classOf says what kind of failure the errors of package api are.
func classOf(code string) state.Class {
	switch code {
	case api.CodeBadRequest, api.CodeTooLarge:
		return state.Invalid
	case api.CodeUnauthorized:
		return state.Auth
	case api.CodeForeign:
		return state.Forbidden
	case api.CodeShortLived, api.CodeDraining, api.CodeBusy, api.CodeResident, api.CodeLocked,
		api.CodeUnreachable, api.CodeClosed:
		return state.Unavailable
	case api.CodeCancelled:
		return state.Cancelled
	case api.CodeTimeout:
		return state.Unavailable
	}
	return state.Failed
}
