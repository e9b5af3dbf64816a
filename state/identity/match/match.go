// Package match tells which rows of a table are about one person or organisation.
//
// It weighs evidence as Fellegi and Sunter do: each column that both rows fill agrees to some degree, and each degree counts
// as much as it is more frequent among rows that belong together than among others. How much that is, the package learns
// from the table itself without anybody telling it which rows belong together (expectation maximisation over cautious
// defaults); a rare value that two rows share counts more than a common one. Rows are compared only where some pair of
// their values meets; what is likely is then grouped so that a chain of half-likely pairs does not join strangers.
//
// Everything is pure and deterministic: the same rows give the same groups, in any order and on any number of processors.
package match

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// Role says what a column holds.
type Role string

// Roles. Other is a column whose meaning is not known: it counts with the weight that the table teaches. Ignored counts not
// at all.
const (
	Auto       Role = ""
	Name       Role = "name" // a whole name
	Given      Role = "given"
	Surname    Role = "surname"
	Middle     Role = "middle"
	Birthday   Role = "birthday"
	BirthYear  Role = "birth_year"
	BirthMonth Role = "birth_month"
	BirthDay   Role = "birth_day"
	Gender     Role = "gender"
	Phone      Role = "phone"
	Email      Role = "email"
	Address    Role = "address"
	House      Role = "house_number"
	Postcode   Role = "postcode"
	City       Role = "city"
	Region     Role = "region" // state, province, country
	Company    Role = "company"
	Other      Role = "other"
	Ignored    Role = "ignore"
)

// Roles lists all that a caller may name.
var Roles = []Role{Name, Given, Surname, Middle, Birthday, BirthYear, BirthMonth, BirthDay, Gender, Phone, Email, Address,
	House, Postcode, City, Region, Company, Other, Ignored}

// Column is a column of a table. Where Role is Auto it is recognised by name and content.
type Column struct {
	Name string
	Role Role
}

// chunk is how many items one task of a parallel loop has. It is fixed, so that sums do not depend on the processors.
const chunk = 2048

// parallel runs work over chunks of n items on all processors.
func parallel(n int, work func(chunk, lo, hi int)) {
	chunks := (n + chunk - 1) / chunk
	tasks(chunks, func(i int) { work(i, i*chunk, min(n, (i+1)*chunk)) })
}

// tasks runs n tasks on all processors.
func tasks(n int, work func(i int)) {
	workers := min(runtime.GOMAXPROCS(0), n)
	if workers <= 1 {
		for i := range n {
			work(i)
		}
		return
	}
	var next atomic.Int64
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				work(i)
			}
		})
	}
	wg.Wait()
}
