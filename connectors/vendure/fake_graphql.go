package vendure

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// The part of GraphQL (specification of October 2021, sections 2 and 5) that the fake shop speaks:
// one operation, variables, aliases, arguments, inline fragments. What it does not know it refuses.

type fakeOp struct {
	kind       string // query, mutation
	variables  map[string]string
	selections []fakeField
}

type fakeField struct {
	alias, name string
	on          string // an inline fragment on this type
	args        map[string]any
	selections  []fakeField
}

// fakeVar is a variable in a document; fakeEnum a bare word.
type (
	fakeVar  string
	fakeEnum string
)

type fakeParser struct {
	tokens []string
	at     int
}

func fakeTokens(s string) ([]string, error) {
	var out []string
	for i := 0; i < len(s); {
		c := rune(s[i])
		switch {
		case unicode.IsSpace(c) || c == ',':
			i++
		case c == '_' || unicode.IsLetter(c) || unicode.IsDigit(c) || c == '-':
			j := i + 1
			for j < len(s) && (s[j] == '_' || unicode.IsLetter(rune(s[j])) || unicode.IsDigit(rune(s[j]))) {
				j++
			}
			out, i = append(out, s[i:j]), j
		case c == '"':
			j := i + 1
			for j < len(s) && s[j] != '"' {
				if s[j] == '\\' {
					j++
				}
				j++
			}
			if j >= len(s) {
				return nil, refused("Syntax Error: Unterminated string.")
			}
			out, i = append(out, s[i:j+1]), j+1
		case strings.HasPrefix(s[i:], "..."):
			out, i = append(out, "..."), i+3
		case strings.ContainsRune("{}()[]:!$=", c):
			out, i = append(out, string(c)), i+1
		default:
			return nil, refused("Syntax Error: Unexpected character: %q.", c)
		}
	}
	return out, nil
}

func (p *fakeParser) peek() string {
	if p.at < len(p.tokens) {
		return p.tokens[p.at]
	}
	return "<EOF>"
}

func (p *fakeParser) next() string {
	t := p.peek()
	p.at++
	return t
}

func (p *fakeParser) want(t string) {
	if got := p.next(); got != t {
		panic(fakeSyntax("Syntax Error: Expected " + t + ", found " + got + "."))
	}
}

func (p *fakeParser) name() string {
	t := p.next()
	if t == "<EOF>" || strings.ContainsAny(t, "{}()[]:!$=.\"") {
		panic(fakeSyntax("Syntax Error: Expected Name, found " + t + "."))
	}
	return t
}

type fakeSyntax string

func fakeParse(doc string) (op fakeOp, err error) {
	defer func() {
		if r := recover(); r != nil {
			s, ok := r.(fakeSyntax)
			if !ok {
				panic(r)
			}
			err = refused("%s", s)
		}
	}()
	tokens, err := fakeTokens(doc)
	if err != nil {
		return op, err
	}
	p := &fakeParser{tokens: tokens}
	op.kind, op.variables = "query", map[string]string{}
	if p.peek() != "{" {
		op.kind = p.name()
		if p.peek() != "{" && p.peek() != "(" {
			p.name()
		}
		if p.peek() == "(" {
			p.next()
			for p.peek() != ")" {
				p.want("$")
				name := p.name()
				p.want(":")
				op.variables[name] = p.typeName()
			}
			p.next()
		}
	}
	op.selections = p.set()
	if p.peek() != "<EOF>" {
		panic(fakeSyntax("Syntax Error: Unexpected " + p.peek() + "."))
	}
	return op, nil
}

func (p *fakeParser) typeName() string {
	t := ""
	if p.peek() == "[" {
		p.next()
		t = "[" + p.typeName() + "]"
		p.want("]")
	} else {
		t = p.name()
	}
	if p.peek() == "!" {
		p.next()
		t += "!"
	}
	return t
}

func (p *fakeParser) set() []fakeField {
	p.want("{")
	var out []fakeField
	for p.peek() != "}" {
		if p.peek() == "..." {
			p.next()
			p.want("on")
			out = append(out, fakeField{on: p.name(), selections: p.set()})
			continue
		}
		f := fakeField{name: p.name(), args: map[string]any{}}
		f.alias = f.name
		if p.peek() == ":" {
			p.next()
			f.name = p.name()
		}
		if p.peek() == "(" {
			p.next()
			for p.peek() != ")" {
				name := p.name()
				p.want(":")
				f.args[name] = p.value()
			}
			p.next()
		}
		if p.peek() == "{" {
			f.selections = p.set()
		}
		out = append(out, f)
	}
	p.next()
	return out
}

func (p *fakeParser) value() any {
	switch t := p.peek(); {
	case t == "$":
		p.next()
		return fakeVar(p.name())
	case t == "{":
		p.next()
		out := map[string]any{}
		for p.peek() != "}" {
			name := p.name()
			p.want(":")
			out[name] = p.value()
		}
		p.next()
		return out
	case t == "[":
		p.next()
		out := []any{}
		for p.peek() != "]" {
			out = append(out, p.value())
		}
		p.next()
		return out
	case strings.HasPrefix(t, `"`):
		p.next()
		var s string
		if json.Unmarshal([]byte(t), &s) != nil {
			panic(fakeSyntax("Syntax Error: Invalid string."))
		}
		return s
	}
	t := p.name()
	switch t {
	case "true", "false":
		return t == "true"
	case "null":
		return nil
	}
	if n, err := strconv.Atoi(t); err == nil {
		return float64(n)
	}
	return fakeEnum(t)
}

// fakeTypes is the schema: of each type its members and their types; scalars have none.
var fakeTypes = map[string]map[string]string{
	"Query":    {"activeChannel": "Channel", "customers": "CustomerList", "orders": "OrderList", "countries": "CountryList", "me": "CurrentUser"},
	"Mutation": {"login": "Login", "createCustomer": "CustomerResult", "updateCustomer": "CustomerResult", "deleteCustomer": "DeletionResponse", "createCustomerAddress": "Address", "updateCustomerAddress": "Address", "deleteCustomerAddress": "Success"},

	"Channel": {"token": "", "code": ""}, "CurrentUser": {"id": "", "identifier": "", "channels": "CurrentUserChannel"}, "CurrentUserChannel": {"token": "", "code": "", "permissions": ""},
	"CustomerList": {"totalItems": "", "items": "Customer"}, "OrderList": {"totalItems": "", "items": "Order"}, "CountryList": {"totalItems": "", "items": "Country"},
	"Customer": {"id": "", "createdAt": "", "updatedAt": "", "title": "", "firstName": "", "lastName": "", "emailAddress": "", "phoneNumber": "", "addresses": "Address", "groups": "CustomerGroup", "user": "User"},
	"Address": {"id": "", "createdAt": "", "updatedAt": "", "fullName": "", "company": "", "streetLine1": "", "streetLine2": "", "city": "", "province": "", "postalCode": "", "country": "Country", "phoneNumber": "",
		"defaultShippingAddress": "", "defaultBillingAddress": ""},
	"CustomerGroup": {"id": "", "name": ""}, "User": {"id": "", "verified": ""}, "Country": {"code": "", "name": "", "enabled": ""},
	"Order": {"id": "", "code": "", "state": "", "active": "", "createdAt": "", "updatedAt": "", "orderPlacedAt": "", "currencyCode": "", "couponCodes": "", "totalWithTax": "", "shippingWithTax": "", "customer": "Customer",
		"lines": "OrderLine", "payments": "Payment", "fulfillments": "Fulfillment"},
	"OrderLine": {"id": "", "quantity": "", "orderPlacedQuantity": "", "unitPriceWithTax": "", "productVariant": "ProductVariant"}, "ProductVariant": {"id": "", "sku": "", "name": ""},
	"Payment": {"id": "", "amount": "", "state": "", "method": "", "createdAt": "", "updatedAt": "", "refunds": "Refund"},
	"Refund":  {"id": "", "total": "", "state": "", "reason": "", "createdAt": "", "updatedAt": ""}, "Fulfillment": {"id": "", "state": "", "createdAt": "", "updatedAt": ""},
	"Login": {}, "CustomerResult": {}, "ErrorResult": {"errorCode": "", "message": ""}, "DeletionResponse": {"result": "", "message": ""}, "Success": {"success": ""},
}

// fakeInputs are the inputs: of each its members; "!" marks those that must be there.
var fakeInputs = map[string]map[string]string{
	"CreateCustomerInput": {"title": "String", "firstName": "String!", "lastName": "String!", "phoneNumber": "String", "emailAddress": "String!"},
	"UpdateCustomerInput": {"id": "ID!", "title": "String", "firstName": "String", "lastName": "String", "phoneNumber": "String", "emailAddress": "String"},
	"CreateAddressInput": {"fullName": "String", "company": "String", "streetLine1": "String!", "streetLine2": "String", "city": "String", "province": "String", "postalCode": "String", "countryCode": "String!",
		"phoneNumber": "String", "defaultShippingAddress": "Boolean", "defaultBillingAddress": "Boolean"},
	"UpdateAddressInput": {"id": "ID!", "fullName": "String", "company": "String", "streetLine1": "String", "streetLine2": "String", "city": "String", "province": "String", "postalCode": "String", "countryCode": "String",
		"phoneNumber": "String", "defaultShippingAddress": "Boolean", "defaultBillingAddress": "Boolean"},
	"CustomerListOptions": {"skip": "Int", "take": "Int", "sort": "CustomerSortParameter", "filter": "CustomerFilterParameter"},
	"OrderListOptions":    {"skip": "Int", "take": "Int", "sort": "OrderSortParameter", "filter": "OrderFilterParameter"},
	"CountryListOptions":  {"skip": "Int", "take": "Int", "filter": "CountryFilterParameter"},
	// in the order of the schema, which is the one that sorts
	"CustomerSortParameter": {"id": "SortOrder", "updatedAt": "SortOrder", "emailAddress": "SortOrder"}, "OrderSortParameter": {"id": "SortOrder", "updatedAt": "SortOrder"},
	"CustomerFilterParameter": {"id": "IDOperators", "updatedAt": "DateOperators", "emailAddress": "StringOperators"},
	"OrderFilterParameter":    {"id": "IDOperators", "updatedAt": "DateOperators", "orderPlacedAt": "DateOperators", "active": "BooleanOperators", "state": "StringOperators"},
	"CountryFilterParameter":  {"enabled": "BooleanOperators"},
	"IDOperators":             {"eq": "ID", "in": "[ID!]", "notIn": "[ID!]"},
	"DateOperators":           {"eq": "DateTime", "before": "DateTime", "after": "DateTime", "isNull": "Boolean"},
	"StringOperators":         {"eq": "String", "contains": "String", "in": "[String!]"}, "BooleanOperators": {"eq": "Boolean"},
}

// fakeArgs are the arguments of the operations.
var fakeArgs = map[string]map[string]string{
	"customers": {"options": "CustomerListOptions"}, "orders": {"options": "OrderListOptions"}, "countries": {"options": "CountryListOptions"},
	"login": {"username": "String!", "password": "String!", "rememberMe": "Boolean"}, "createCustomer": {"input": "CreateCustomerInput!", "password": "String"},
	"updateCustomer": {"input": "UpdateCustomerInput!"}, "deleteCustomer": {"id": "ID!"}, "createCustomerAddress": {"customerId": "ID!", "input": "CreateAddressInput!"},
	"updateCustomerAddress": {"input": "UpdateAddressInput!"}, "deleteCustomerAddress": {"id": "ID!"},
}

// fakeUnions are the types that a union can be, beside what is an ErrorResult.
var fakeUnions = map[string]string{"Login": "CurrentUser", "CustomerResult": "Customer"}

// fakeValidate refuses what the schema does not have.
func fakeValidate(typ string, set []fakeField) error {
	for _, f := range set {
		if f.on != "" {
			if f.on != "ErrorResult" && f.on != fakeUnions[typ] {
				return refused("Fragment cannot be spread here as objects of type %q can never be of type %q.", typ, f.on)
			}
			if err := fakeValidate(f.on, f.selections); err != nil {
				return err
			}
			continue
		}
		if f.name == "__typename" {
			continue
		}
		sub, ok := fakeTypes[typ][f.name]
		if !ok {
			return refused("Cannot query field %q on type %q.", f.name, typ)
		}
		if (sub == "") != (len(f.selections) == 0) {
			return refused("Field %q of type %q must have a selection of subfields, or must have none.", f.name, sub)
		}
		for name := range f.args {
			if _, ok := fakeArgs[f.name][name]; !ok || typ != "Query" && typ != "Mutation" {
				return refused("Unknown argument %q on field %q.", name, typ+"."+f.name)
			}
		}
		if err := fakeValidate(sub, f.selections); err != nil {
			return err
		}
	}
	return nil
}

// fakeCoerce refuses a value that does not fit its type, in the words of graphql-js.
func fakeCoerce(v any, typ string) error {
	required := strings.HasSuffix(typ, "!")
	typ = strings.TrimSuffix(typ, "!")
	if v == nil {
		if required {
			return refused("Expected non-nullable type %q not to be null.", typ+"!")
		}
		return nil
	}
	if inner, ok := strings.CutPrefix(typ, "["); ok {
		all, ok := v.([]any)
		if !ok {
			all = []any{v}
		}
		for _, x := range all {
			if err := fakeCoerce(x, strings.TrimSuffix(inner, "]")); err != nil {
				return err
			}
		}
		return nil
	}
	bad := refused("%s cannot represent a value: %v", typ, v)
	switch typ {
	case "String", "ID":
		if _, ok := v.(string); !ok {
			return bad
		}
	case "Int":
		if n, ok := v.(float64); !ok || n != float64(int(n)) {
			return bad
		}
	case "Boolean":
		if _, ok := v.(bool); !ok {
			return bad
		}
	case "DateTime":
		if s, ok := v.(string); !ok || moment(s).IsZero() {
			return refused("DateTime cannot represent an invalid date-time-string %v.", v)
		}
	case "SortOrder":
		if s := fmt.Sprint(v); s != "ASC" && s != "DESC" {
			return bad
		}
	default:
		members, ok := fakeInputs[typ]
		in, isMap := v.(map[string]any)
		if !ok || !isMap {
			return bad
		}
		for name, x := range in {
			t, ok := members[name]
			if !ok {
				return refused("Field %q is not defined by type %q.", name, typ)
			}
			if err := fakeCoerce(x, t); err != nil {
				return err
			}
		}
		for name, t := range members {
			if _, ok := in[name]; !ok && strings.HasSuffix(t, "!") {
				return refused("Field %q of required type %q was not provided.", name, t)
			}
		}
	}
	return nil
}

// fakePick gives of an object what was asked for.
func fakePick(v any, set []fakeField) any {
	switch v := v.(type) {
	case []map[string]any:
		out := make([]any, 0, len(v))
		for _, x := range v {
			out = append(out, fakePick(x, set))
		}
		return out
	case map[string]any:
		if v == nil || len(set) == 0 {
			return v
		}
		out := map[string]any{}
		for _, f := range set {
			if f.on != "" {
				if f.on == v["__typename"] || f.on == "ErrorResult" && v["errorCode"] != nil {
					for k, x := range fakePick(v, f.selections).(map[string]any) {
						out[k] = x
					}
				}
				continue
			}
			out[f.alias] = fakePick(v[f.name], f.selections)
		}
		return out
	}
	return v
}
