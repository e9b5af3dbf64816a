package identity

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// ParseName takes a full name apart. It knows Western order ("Dr. Jana van der Berg, MBA"), surname first with a comma
// ("Berg, Jana") or in capitals ("BERG Jana"), Chinese, Japanese and Korean names with or without a space, surnames of two
// characters, Western names written in Han or kana with a dot (玛丽·居里), and titles, suffixes and nicknames of several
// languages. A mixed name ("Wei Zhang 张伟") is read by its alphabetic half; the other half becomes the nickname. What it
// cannot decide stays together as one part; it never drops a letter.
func ParseName(full string) Name {
	s := cleanName(full)
	if s == "" {
		// A name of pictures alone is a name all the same.
		return Name{Given: strings.Join(symbolRuns(full), " ")}
	}
	first := s[0]
	s, nick := takeNicknames(s)
	n := Name{}
	if east, west := splitScripts(s); east != "" {
		if west != "" {
			n = parseWestern(west)
			nick = append(nick, east)
		} else {
			n = parseEastern(east)
		}
	} else {
		n = parseWestern(s)
		if len(nick) > 0 && strings.IndexByte("(\"'", first) >= 0 && n.Family == "" {
			n.Family, n.Given = n.Given, "" // "Rick" Edmonds: the nickname stands where the given name would
		}
	}
	n.Nickname = strings.Join(nick, ", ")
	return n
}

// cleanName composes, makes every gap one space, and drops pictures and what cannot be seen.
func cleanName(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r) || unicode.IsControl(r):
			return ' '
		case r == unicode.ReplacementChar || unicode.Is(unicode.Cf, r) || r >= 0xfe00 && r <= 0xfe0f:
			return -1
		case r >= 0x2190 && unicode.Is(unicode.So, r) || r >= 0x1f3fb && r <= 0x1f3ff:
			return ' '
		case r == '，' || r == '、':
			return ','
		case r == '（':
			return '('
		case r == '）':
			return ')'
		}
		return r
	}, norm.NFC.String(strings.ToValidUTF8(s, "")))
	return strings.Join(strings.Fields(s), " ")
}

var nickQuotes = [][2]string{{"(", ")"}, {`"`, `"`}, {"“", "”"}, {"„", "“"}, {"«", "»"}, {"「", "」"}, {"'", "'"}, {"‘", "’"}}

// takeNicknames removes what stands in brackets or quotation marks. An apostrophe opens only after a gap and closes only
// before one, because names contain them (Va'apu'u, Mari').
func takeNicknames(s string) (string, []string) {
	var nicks []string
	for _, q := range nickQuotes {
		for from := 0; from < len(s); {
			i := strings.Index(s[from:], q[0])
			if i < 0 {
				break
			}
			i += from
			from = i + len(q[0])
			if strings.ContainsAny(q[0], "'‘") && i > 0 && s[i-1] != ' ' {
				continue
			}
			j := strings.Index(s[from:], q[1])
			if j < 0 {
				break
			}
			end := from + j + len(q[1])
			if strings.ContainsAny(q[0], "'‘") && end < len(s) && !strings.ContainsRune(" ,", rune(s[end])) {
				continue
			}
			if nick := strings.TrimSpace(s[from : from+j]); nick != "" {
				nicks = append(nicks, nick)
			}
			s = s[:i] + " " + s[end:]
			from = i
		}
	}
	s = strings.Join(strings.Fields(s), " ")
	s = strings.ReplaceAll(s, " ,", ",")
	if s == "" && len(nicks) > 0 {
		// Nothing but a nickname: then that is the name.
		return nicks[0], nicks[1:]
	}
	return s, nicks
}

// splitScripts separates words of East Asian script from the others; a dot between them stays with them.
func splitScripts(s string) (east, west string) {
	if !strings.ContainsFunc(s, isEastAsian) {
		return "", s
	}
	var e, w []string
	for word := range strings.FieldsSeq(s) {
		if strings.ContainsFunc(word, isEastAsian) {
			e = append(e, word)
		} else {
			w = append(w, word)
		}
	}
	if !strings.ContainsFunc(strings.Join(w, ""), unicode.IsLetter) {
		return strings.Join(append(e, w...), " "), ""
	}
	return strings.Join(e, " "), strings.Join(w, " ")
}

func parseEastern(s string) Name {
	n := Name{}
	s = strings.Trim(s, " ,")
	for _, t := range eastTitles {
		if base, ok := strings.CutSuffix(s, t); ok && len(t) > len(n.Prefix) && isTitledBase(base, t) {
			n.Prefix = t
		}
	}
	s = strings.TrimSpace(strings.TrimSuffix(s, n.Prefix))

	if parts := strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune("·・•‧･", r) }); len(parts) > 1 {
		// Foreign names keep their own order.
		n.Given, n.Family = strings.TrimSpace(parts[0]), strings.TrimSpace(parts[len(parts)-1])
		for _, p := range parts[1 : len(parts)-1] {
			n.Middle = joinWords(n.Middle, strings.TrimSpace(p))
		}
		return n
	}
	words := strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == ',' })
	switch {
	case len(words) == 2:
		n.Family, n.Given = words[0], words[1]
		if isEastSurname(words[1]) && !isEastSurname(words[0]) {
			n.Family, n.Given = words[1], words[0]
		}
	case len(words) == 1:
		n.Family, n.Given = splitEastern(words[0], n.Prefix != "")
	default:
		n.Given = s
	}
	return n
}

// isTitledBase: a one-character title (王总, 김씨) is believed only after a bare surname or a whole name, the others always.
func isTitledBase(base, title string) bool {
	base = strings.TrimSpace(base)
	count := utf8.RuneCountInString(base)
	if count == 0 || count > 8 {
		return false
	}
	switch title {
	case "总", "總", "君":
		return isEastSurname(base)
	case "씨", "님":
		return isEastSurname(base) || count >= 3
	}
	return true
}

func isEastSurname(s string) bool {
	if hanSurnames2[s] || hangulSurnames2[s] {
		return true
	}
	r, n := utf8.DecodeRuneInString(s)
	return n == len(s) && n > 0 && (hanSurnames[r] || hangulSurnames[r])
}

// splitEastern finds the surname in a name without a space. Titled names of one known surname are surnames (王先生).
func splitEastern(s string, titled bool) (family, given string) {
	runes := []rune(s)
	if isEastSurname(s) && (titled || len(runes) > 1) {
		return s, ""
	}
	han := 0
	for han < len(runes) && (isHan(runes[han])) {
		han++
	}
	if han > 0 && han < len(runes) && han <= 3 && isKanaText(runes[han:]) {
		return string(runes[:han]), string(runes[han:]) // 高橋みなみ
	}
	if len(runes) < 2 || len(runes) > 5 || han != len(runes) && !allRunes(runes, isHangul) {
		return "", s
	}
	for _, size := range []int{3, 2} {
		if len(runes) > size {
			if head := string(runes[:size]); hanSurnames2[head] || hangulSurnames2[head] {
				return head, string(runes[size:])
			}
		}
	}
	known := hanSurnames[runes[0]] || hangulSurnames[runes[0]]
	switch {
	case known && len(runes) <= 3:
		return string(runes[:1]), string(runes[1:])
	case len(runes) == 4 && han == 4:
		// Japanese (two and two), or a wife's and a husband's surname together (陈方安生).
		return string(runes[:2]), string(runes[2:])
	}
	return "", s
}

func isKanaText(rs []rune) bool { return allRunes(rs, isKana) }

func allRunes(rs []rune, is func(rune) bool) bool {
	return !slices.ContainsFunc(rs, func(r rune) bool { return !is(r) })
}

// wordKey is what the word lists hold: lower case, no dots.
func wordKey(w string) string {
	return strings.ToLower(strings.ReplaceAll(strings.Trim(w, ",;"), ".", ""))
}

// isSuffix reports whether a word can only stand after a name.
func isSuffix(w string) bool {
	key := wordKey(w)
	if suffixes[key] {
		// "J.R." and "V.I." are initials: of these words only the last dot may be there.
		return !strings.Contains(strings.TrimSuffix(w, "."), ".")
	}
	return acronyms[key] || strings.Contains(w, ".") && !strings.HasSuffix(key, ".") && dottedAcronyms[key] && strings.Count(w, ".") > 1
}

func allSuffixes(words []string) bool {
	return len(words) > 0 && !slices.ContainsFunc(words, func(w string) bool { return !isSuffix(w) })
}

// isTitleWord also knows titles put together: "Lt.Gen.", "Mag-Judge", "Prof.Dr.".
func isTitleWord(w string) bool {
	if titles[wordKey(w)] {
		return true
	}
	parts := strings.FieldsFunc(w, func(r rune) bool { return r == '.' || r == '-' })
	return len(parts) > 1 && !slices.ContainsFunc(parts, func(p string) bool { return !titles[strings.ToLower(p)] })
}

func parseWestern(s string) Name {
	var parts []string
	for p := range strings.SplitSeq(s, ",") {
		if p = strings.Trim(p, " ;"); p != "" {
			parts = append(parts, p)
		}
	}
	if len(parts) == 0 {
		return Name{}
	}
	head := strings.Fields(parts[0])
	if len(parts) == 1 {
		return wholeName(head, nil, false)
	}
	if tail := strings.Fields(strings.Join(parts[1:], " ")); allSuffixes(tail) && (len(head) > 1 || isAcronymOnly(tail)) {
		return wholeName(head, parts[1:], true)
	}

	// Surname, given names, suffixes.
	n := Name{}
	family, famSuffix := cutSuffixes(head, 1)
	title, family := cutTitles(family)
	given := strings.Fields(parts[1])
	title2, given := cutTitles(given)
	var givSuffix []string
	if len(given) > 1 {
		given, givSuffix = cutSuffixes(given, 1)
	}
	n.Prefix = joinWords(title, title2)
	n.Family = strings.Join(family, " ")
	if groups := joinGroups(given, false); len(groups) > 0 {
		n.Given, n.Middle = groups[0], strings.Join(groups[1:], " ")
	}
	n.Suffix = strings.Join(slices.Concat(famSuffix, givSuffix, parts[2:]), ", ")
	return n
}

// isAcronymOnly: "Andrews, M.D." is a surname with a degree, "Ma, Jr" would be too.
func isAcronymOnly(words []string) bool {
	return !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(w, ".") && generations[wordKey(w)] == "" })
}

// wholeName reads given names first. Suffixes that a comma set apart are handed in.
func wholeName(words, after []string, apart bool) Name {
	n := Name{}
	rest, suffix := cutSuffixes(words, 1)
	title, rest := cutTitles(rest)
	n.Prefix = title
	if apart && len(after) > 0 {
		suffix = append(suffix, after...)
	}
	n.Suffix = strings.Join(suffix, ", ")
	if len(rest) == 0 {
		return n
	}
	if startsWithFamily(rest) {
		n.Family = strings.Join(rest, " ")
		return n
	}
	if isCapitals(rest[0]) && len(rest) > 1 && !slices.ContainsFunc(rest[1:], isCapitals) && utf8.RuneCountInString(rest[0]) > 2 {
		n.Family = rest[0]
		n.Given, n.Middle = rest[1], strings.Join(rest[2:], " ")
		return n
	}
	groups := joinGroups(rest, true)
	switch {
	case len(groups) > 1:
		n.Given, n.Family = groups[0], groups[len(groups)-1]
		n.Middle = strings.Join(groups[1:len(groups)-1], " ")
	case title != "" && !titleGoesWithGiven(title), n.Suffix != "" && len(words) > 1 && title != "", apart && isAcronymOnly(after):
		n.Family = groups[0]
	default:
		n.Given = groups[0]
	}
	return n
}

// isCapitals: DUPONT, but neither J.R. nor a script without cases.
func isCapitals(w string) bool {
	return w == strings.ToUpper(w) && w != strings.ToLower(w) && !strings.Contains(w, ".")
}

// startsWithFamily: "von Humboldt", "van der Berg": small particles at the very beginning mean that no given name is there.
func startsWithFamily(words []string) bool {
	if len(words) < 2 || !particles[wordKey(words[0])] || words[0] != strings.ToLower(words[0]) || words[0] == strings.ToUpper(words[0]) {
		return false
	}
	last := words[len(words)-1]
	if last == strings.ToLower(last) {
		return false // all small: no case to learn from
	}
	for _, w := range words[:len(words)-1] {
		if !particles[wordKey(w)] {
			return false
		}
	}
	return true
}

func titleGoesWithGiven(title string) bool {
	words := strings.Fields(title)
	return givenTitles[wordKey(words[len(words)-1])]
}

// cutTitles takes titles from the front: single ones, chains ("Prof. Dr.") and phrases ("Secretary of State", "The Rt Hon").
// A single word is never all title.
func cutTitles(words []string) (title string, rest []string) {
	end := 0
	for i := 0; i < len(words); {
		w, key := words[i], wordKey(words[i])
		left := len(words) - i - 1
		switch {
		case isTitleWord(w) && left > 0 && (!titleNames[key] || left > 1 || end > 0 || strings.HasSuffix(w, ".")):
			i++
			end = i
		case titleLeads[key] && left > 1:
			i++ // counts only if a title follows
		case end > 0 && end == i && (key == "of" || key == "and" && i+1 < len(words) && wordKey(words[i+1]) == "of"):
			i++
			for i < len(words) && (titleLeads[wordKey(words[i])] || nameJoints[wordKey(words[i])]) {
				i++
			}
			if i < len(words) {
				i++
			}
			end = i
		default:
			return strings.Join(words[:end], " "), words[end:]
		}
	}
	return strings.Join(words[:end], " "), words[end:]
}

// cutSuffixes takes suffixes from the end and leaves at least keep words. A lone V is a suffix only after a whole name.
func cutSuffixes(words []string, keep int) (rest, suffix []string) {
	n := len(words)
	for n > keep && isSuffix(words[n-1]) {
		if w := words[n-1]; wordKey(w) == "v" && (n < 3 || utf8.RuneCountInString(wordKey(words[n-2])) == 1 || strings.HasSuffix(w, ".")) {
			break
		}
		n--
	}
	return words[:n], slices.Clone(words[n:])
}

// joinGroups ties particles to what follows them and joints to both neighbours. The first word of a whole name is the given name, whatever it looks like (Van Nguyen, Mac Miller).
func joinGroups(words []string, whole bool) []string {
	var groups []string
	glue := false
	if len(words) > 2 && givenJoints[wordKey(words[0])] {
		words = append([]string{words[0] + " " + words[1]}, words[2:]...)
	}
	for i := 0; i < len(words); i++ {
		w, key := words[i], wordKey(words[i])
		joint := nameJoints[key] && (utf8.RuneCountInString(key) > 1 || key == "&" || len(words) > 3 && w == key)
		switch {
		case joint:
			if len(groups) > 0 {
				groups[len(groups)-1] += " " + w
			} else {
				groups = append(groups, w)
			}
			glue = true
			continue
		case glue && len(groups) > 0:
			groups[len(groups)-1] += " " + w
		case whole && particles[key] && i > 0 && i+1 < len(words):
			// All that follows up to the next particle after a real word.
			group, named := w, false
			for i+1 < len(words) {
				next := wordKey(words[i+1])
				if named && particles[next] && i+2 < len(words) {
					break
				}
				named = named || !particles[next]
				i++
				group += " " + words[i]
			}
			groups = append(groups, group)
		default:
			groups = append(groups, w)
		}
		glue = false
	}
	return groups
}
