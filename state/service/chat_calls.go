package service

import (
	"context"
	"reflect"

	"github.com/keptcrm/kept/state"
)

// chatCalls are what may be asked and done from a chat, by the names of [API]. Whatever else there is
// is for the terminal: a call that nobody has thought about gives nothing away.
var chatCalls = map[string]bool{
	"Find": true, "Brief": true, "History": true, "Who": true, "CustomerShow": true, "StaffList": true, "MayContact": true,
	"PromiseList": true, "PromiseShow": true, "PromiseHealth": true, "PromiseConflicts": true,
	"QuestionList": true, "FollowupList": true, "UnansweredList": true, "HandoverList": true,
	"Note": true, "Mark": true, "PromiseAdd": true, "PromiseClose": true, "PromiseMove": true, "PromiseAssign": true, "Answer": true, "Assign": true,
	"FollowupAdd": true, "FollowupClose": true, "FollowupSnooze": true, "FollowupAssign": true,
	"Handover": true, "HandoverUndo": true, "ContactOverride": true, "Digest": true, "Settings": true,
}

// shutChat refuses from a chat every call that is not one of [chatCalls].
func shutChat(a *API) {
	v := reflect.ValueOf(a).Elem()
	for i := range v.NumField() {
		call, name := v.Field(i), v.Type().Field(i).Name
		if call.Kind() != reflect.Func || call.IsNil() || chatCalls[name] {
			continue
		}
		inner, typ := reflect.ValueOf(call.Interface()), call.Type()
		call.Set(reflect.MakeFunc(typ, func(args []reflect.Value) []reflect.Value {
			if ctx := args[0].Interface().(context.Context); !CallerOf(ctx).chatting() {
				return inner.Call(args)
			}
			out := make([]reflect.Value, typ.NumOut())
			for k := range out {
				out[k] = reflect.Zero(typ.Out(k))
			}
			refused := reflect.New(typ.Out(len(out) - 1)).Elem()
			refused.Set(reflect.ValueOf(&state.Error{Class: state.Refused, Code: "chat_terminal", Args: state.Args{"call": name}}))
			out[len(out)-1] = refused
			return out
		}))
	}
}
