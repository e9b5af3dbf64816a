package woocommerce

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

// What the API tells, read as PHP and plug-ins write it: a number may come as a string, an empty
// object as an empty list, and anything as null or false.

// text is a string.
type text string

func (t *text) UnmarshalJSON(b []byte) error {
	*t = ""
	var s string
	switch b = bytes.TrimSpace(b); {
	case len(b) == 0:
	case b[0] == '"':
		if err := json.Unmarshal(b, &s); err != nil {
			return err
		}
		*t = text(s)
	case b[0] == '-' || b[0] >= '0' && b[0] <= '9':
		*t = text(b)
	case string(b) == "true":
		*t = "1" // as PHP writes it as a string; false is the empty one
	}
	return nil
}

// number is a whole number; 0 where it is none.
type number int64

func (n *number) UnmarshalJSON(b []byte) error {
	var t text
	if err := t.UnmarshalJSON(b); err != nil {
		return err
	}
	v, err := strconv.ParseInt(string(t), 10, 64)
	if err != nil {
		v = 0
	}
	*n = number(v)
	return nil
}

func isObject(b []byte) bool {
	b = bytes.TrimSpace(b)
	return len(b) > 0 && b[0] == '{'
}

// list is a list of things that are read one by one, so that one that cannot be read costs no other.
type list[T any] []T

func (l *list[T]) UnmarshalJSON(b []byte) error {
	*l = nil
	if b = bytes.TrimSpace(b); len(b) == 0 || b[0] != '[' {
		return nil
	}
	var raw []json.RawMessage
	if err := json.Unmarshal(b, &raw); err != nil {
		return err
	}
	for _, r := range raw {
		var v T
		if isObject(r) && json.Unmarshal(r, &v) == nil {
			*l = append(*l, v)
		}
	}
	return nil
}

// person is a billing or shipping block.
type person struct {
	First    text `json:"first_name"`
	Last     text `json:"last_name"`
	Company  text `json:"company"`
	Address1 text `json:"address_1"`
	Address2 text `json:"address_2"`
	City     text `json:"city"`
	State    text `json:"state"`
	Postcode text `json:"postcode"`
	Country  text `json:"country"`
	Email    text `json:"email"` // of billing alone
	Phone    text `json:"phone"` // of shipping since WooCommerce 5.6
}

func (p *person) UnmarshalJSON(b []byte) error {
	type plain person
	*p = person{}
	if !isObject(b) {
		return nil
	}
	return json.Unmarshal(b, (*plain)(p))
}

// meta is one meta field.
type meta struct {
	ID    number          `json:"id"`
	Key   text            `json:"key"`
	Value json.RawMessage `json:"value"`
}

// customer is a registered user of the shop.
type customer struct {
	ID       number     `json:"id"`
	Created  text       `json:"date_created_gmt"`
	Modified text       `json:"date_modified_gmt"`
	Email    text       `json:"email"`
	First    text       `json:"first_name"`
	Last     text       `json:"last_name"`
	Role     text       `json:"role"`
	Billing  person     `json:"billing"`
	Shipping person     `json:"shipping"`
	Meta     list[meta] `json:"meta_data"`
}

// order is an order, with what its list tells of refunds.
type order struct {
	ID        number       `json:"id"`
	Number    text         `json:"number"`
	Status    text         `json:"status"`
	Currency  text         `json:"currency"`
	Created   text         `json:"date_created_gmt"`
	Modified  text         `json:"date_modified_gmt"`
	Paid      text         `json:"date_paid_gmt"`
	Completed text         `json:"date_completed_gmt"`
	Total     text         `json:"total"`
	Customer  number       `json:"customer_id"`
	Note      text         `json:"customer_note"`
	Method    text         `json:"payment_method_title"`
	Billing   person       `json:"billing"`
	Shipping  person       `json:"shipping"`
	Lines     list[line]   `json:"line_items"`
	Coupons   list[coupon] `json:"coupon_lines"`
	Refunds   list[refund] `json:"refunds"`
}

type line struct {
	Name     text `json:"name"`
	SKU      text `json:"sku"`
	Quantity text `json:"quantity"`
	Total    text `json:"total"` // after discounts, without tax; the price beside it is a float
}

type coupon struct {
	Code text `json:"code"`
}

// refund is a refund: in an order's list with a negative total, alone with a positive amount and its
// date.
type refund struct {
	ID      number `json:"id"`
	Total   text   `json:"total"`
	Amount  text   `json:"amount"`
	Reason  text   `json:"reason"`
	Created text   `json:"date_created_gmt"`
}

// instant reads a time as the fields ending in _gmt have it: UTC, without saying so. Zero where it is
// none.
func instant(t text) time.Time {
	s := strings.TrimSuffix(strings.TrimSpace(string(t)), "Z")
	for _, layout := range []string{"2006-01-02T15:04:05", "2006-01-02 15:04:05"} {
		if at, err := time.Parse(layout, s); err == nil && at.Year() > 1 {
			return at.UTC()
		}
	}
	return time.Time{}
}

// bare writes a time as filters take it with dates_are_gmt: UTC, without a zone. With a Z beside
// dates_are_gmt the shop answers with everything.
func bare(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05") }
