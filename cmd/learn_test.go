package cmd

import (
	"fmt"
	"os"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// town writes a table of 675 contacts, and one that has every third of them once more with other words.
func town(ts *testscript.TestScript, _ bool, args []string) {
	given := strings.Fields("Jana Peter Ines Omar Sofia Lukas Hanna Mehmet Greta Piotr Wei 伟 عمر Nora Emil Ida Jonas Clara Amir Lotte")
	family := strings.Fields("Okonkwo Lindqvist Köhler 李 Haddad Novák Bianchi Sørensen Kowalski Adeyemi Petrenko Vogel Marino Ōtani Fuchs Quispe Duarte Brandt")
	var a, b strings.Builder
	for _, table := range []*strings.Builder{&a, &b} {
		table.WriteString("id,given name,family name,birthday,city\n")
	}
	for i := range 675 {
		g, day, city := given[i%len(given)], fmt.Sprintf("%d-%02d-%02d", 1940+i*11%60, 1+i*5%12, 1+i*3%28), []string{"Lübeck", "Kiel", "Wismar"}[i%3]
		f := family[i*7%len(family)] + "bcdfgklmnprst"[i%13:i%13+1] + "aeiou"[i/13%5:i/13%5+1]
		fmt.Fprintf(&a, "a%d,%s,%s,%s,%s\n", i, g, f, day, city)
		if i%3 == 0 {
			fmt.Fprintf(&b, "b%d,%s,%s,%s,\n", i, g, f[:len(f)-1]+"y", day)
		}
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(a.String()), 0o600))
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(b.String()), 0o600))
}
