// Package followup says what is to be followed up when: rules, that a person wrote, applied to what
// is known of a customer. It is pure: no I/O, no clock, no store. Whoever has a state gives it
// [Facts] and a moment, and gets [Occasion]s; an occasion's key is the same however often, when and
// by whom it is computed, so that one that was acted on is known.
//
// Conditions are expressions of a closed language (a part of github.com/expr-lang/expr): they see
// the fields of [Customer] and of what the rule is about, and a few functions, and nothing else: no
// file, no network, no clock, no loops but over a customer's own short lists.
package followup
