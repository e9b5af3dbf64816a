package identity

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestFindKeys(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		f    Findable
		want string
	}{
		{Findable{Names: []string{"Jana Köhler", "Köhler, Jana"}}, "jana kohler|koehler jana|kohler jana"},
		{Findable{Names: []string{"Dr. Jana Maria Weiß"}}, "dr jana maria|jana maria weiss|maria weiss dr|weiss dr jana"},
		{Findable{Names: []string{"J. Smith-Jones"}}, "jones j smith|smith jones j"},
		{Findable{Names: []string{"李伟"}}, ".lw|~li wei|~wei li|伟|李伟"},
		{Findable{Names: []string{"張偉"}}, ".zw|~wei zhang|~zhang wei|伟|张伟"},
		{Findable{Names: []string{"王 小明"}}, ".wxm|~ming wang|~wang xiaoming|~xiaoming wang|小明|明|王小明"},
		{Findable{Names: []string{"单雄信"}}, ".sxx|~dan xiongxin|~shan xiongxin|~xin shan|~xiongxin dan|~xiongxin shan|信|单雄信|雄信"},
		{Findable{Names: []string{"欧阳娜娜"}}, ".oynn|~na ouyang|~nana ouyang|~ouyang nana|娜|娜娜|欧阳娜娜|阳娜娜"},
		{Findable{Names: []string{"Иван Петров"}}, "~ivan petrov|~petrov ivan|иван петров|петров иван"},
		{Findable{Names: []string{"محمّد علي"}}, "علي محمد|محمد علي"},
		{Findable{Names: []string{"김민수"}}, "김민수|민수|수"},
		{Findable{Names: []string{"Svetlana O'Neill"}}, "neill|oneill svetlana|svetlana oneill"},
		{Findable{Names: []string{"Cher"}, Companies: []string{"Sternwarte Lübeck e.V."}}, "+lubeck sternwarte|+luebeck sternwarte|+sternwarte lubeck|cher"},
		{Findable{Names: []string{"Sternwarte Lübeck e.V."}, Business: true}, "lubeck sternwarte|sternwarte lubeck"},
		{Findable{Names: []string{"华为技术有限公司"}, Business: true}, "~huaweijishu|为技术|华为技术|技术|术"},
		{Findable{Names: []string{"Cher"}, Bought: true}, "cher!"},
		{Findable{Names: []string{"🌸"}}, "🌸"},
		{Findable{Names: []string{"a@b.example", ""}}, ""},
	} {
		if got := strings.Join(FindKeys(c.f), "|"); got != c.want {
			t.Errorf("%+v\n got %s\nwant %s", c.f, got, c.want)
		}
	}
}

// Whatever a name is made of, each of its words begins a key, and keys are sorted, single, bounded and without zeros.
func TestEveryWordBeginsAKey(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.OneOf(rapid.String(), rapid.StringMatching(`[A-Za-zäöüßéøł'-]{1,12}( [A-Za-zäöü]{1,10}){0,4}`),
			rapid.StringMatching(`[王李张欧单][阳伟小明娜]{0,3}`), rapid.StringMatching(`[а-яА-Я]{1,9} [а-я]{1,9}`)).Draw(t, "name")
		keys := FindKeys(Findable{Names: []string{name}})
		if !slices.IsSorted(keys) || len(slices.Compact(slices.Clone(keys))) != len(keys) {
			t.Fatalf("%q", keys)
		}
		if strings.Contains(name, "@") {
			return
		}
		words := FindWords(name)
		for i, w := range words[:min(len(words), maxRotated)] {
			if len(words) > 1 && len(w) == 1 {
				continue
			}
			if !slices.ContainsFunc(keys, func(k string) bool { return strings.HasPrefix(k, w) }) {
				t.Fatalf("word %d of %q begins none of %q", i, name, keys)
			}
		}
		for _, k := range keys {
			if k == "" || strings.ContainsRune(k, 0) || len(k) > 400 {
				t.Fatalf("key %q of %q", k, name)
			}
		}
	})
}

// Traditional and simplified characters give the same keys, and simplifying is done once.
func TestSimplify(t *testing.T) {
	t.Parallel()
	for from, to := range simplified {
		if simplify(string(to)) != string(to) {
			t.Errorf("%c is simplified to %c, which is simplified again", from, to)
		}
	}
	for a, b := range map[string]string{"張偉": "张伟", "陳麗華": "陈丽华", "歐陽": "欧阳", "劉曉東": "刘晓东", "Köln": "Köln"} {
		if simplify(a) != b {
			t.Errorf("%s is %s, want %s", a, simplify(a), b)
		}
	}
}
