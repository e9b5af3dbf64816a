package promise

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

func hasHan(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return unicode.Is(unicode.Han, r) })
}

// simplified maps the traditional forms that occur in due words.
var simplified = map[rune]rune{
	'週': '周', '點': '点', '後': '后', '號': '号', '內': '内', '個': '个', '禮': '礼', '這': '这', '兩': '两', '鐘': '钟', '時': '时',
	'間': '间', '過': '过', '幾': '几', '來': '来', '終': '终', '遲': '迟', '趕': '赶', '於': '于', '當': '当', '明': '明', '從': '从',
}

// chinese reads due expressions at a position of the runes, as english does with tokens.
type chinese struct {
	*context
	r   []rune // simplified, narrow, lower case
	off []int  // byte offset of each rune, and the text's length
}

func readChinese(c *context, text string, whole bool, add func(t term, start, end int)) {
	p := &chinese{context: c}
	for i := 0; i < len(text); {
		r, w := utf8.DecodeRuneInString(text[i:])
		r = unicode.ToLower(narrow(r))
		if s, ok := simplified[r]; ok {
			r = s
		}
		p.r, p.off = append(p.r, r), append(p.off, i)
		i += w
	}
	p.off = append(p.off, len(text))
	if whole {
		if t, j := p.expression(p.lead(0)); j > p.lead(0) && p.skip(j, "。!. ") == len(p.r) {
			add(t, 0, len(text))
		}
		return
	}
	for i := 0; i < len(p.r); {
		from := p.lead(i)
		if i > 0 && unicode.IsLetter(p.r[i-1]) {
			from = i
		}
		t, j := p.expression(from)
		if j == from {
			i++
			continue
		}
		t.strong = t.strong || from > i
		if !p.passed(j) {
			add(t, p.off[i], p.off[j])
		}
		i = j
	}
}

// lead steps over an English preposition, as in "by 周五".
func (p *chinese) lead(i int) int {
	if j := p.lit(i, "by ", "before ", "until ", "on "); j > i {
		return p.skip(j, " ")
	}
	return i
}

// passed says that the words go on in a way that makes them no limit: after Friday, from Monday on.
func (p *chinese) passed(j int) bool {
	return p.lit(j, "之后", "以后", "后", "以来") > j
}

// lit steps over the longest of the words that stands here.
func (p *chinese) lit(i int, words ...string) int {
	best := i
	for _, w := range words {
		j := i
		for _, r := range w {
			if j >= len(p.r) || p.r[j] != r {
				j = -1
				break
			}
			j++
		}
		best = max(best, j)
	}
	return best
}

func (p *chinese) skip(i int, set string) int {
	for i < len(p.r) && strings.ContainsRune(set, p.r[i]) {
		i++
	}
	return i
}

func (p *chinese) num(i int) (int, int) {
	if i > 0 && i < len(p.r) && isDigit(p.r[i]) && (isDigit(p.r[i-1]) || p.r[i-1] == '.' && i > 1 && isDigit(p.r[i-2])) {
		return 0, i
	}
	if i >= len(p.r) {
		return 0, i
	}
	v, n := chineseNumber(p.r[i:])
	return v, i + n
}

func isDigit(r rune) bool { return r >= '0' && r <= '9' }

// expression reads [截止|最晚|在] time [前|之前|以内].
func (p *chinese) expression(i int) (term, int) {
	j := p.lit(i, "截止到", "截止", "截至", "最晚", "最迟", "不晚于", "不迟于", "赶在", "务必在")
	strong := j > i
	if strong {
		j = p.skip(j, " :")
	}
	if k := p.lit(j, "在", "于", "到"); k > j {
		j = p.skip(k, " ")
	}
	var t term
	k := j
	for {
		e := p.skip(k, " ,的、")
		if k == j {
			e = k
		}
		if u, m := p.day(e); m > e {
			if joined, ok := joinDays(t, u); ok {
				t, k = joined, m
				continue
			}
		}
		if u, m := p.clock(e, t.hasDay() || j > i); m > e {
			if merged, ok := t.clock.merge(u); ok && t.instant.IsZero() {
				t.clock, k = merged, m
				continue
			}
		}
		break
	}
	if k == j {
		return t, i
	}
	if x := p.lit(k, "晚些时候", "晚一些", "晚些", "晚一点", "晚点儿", "晚点", "稍晚时候", "稍晚些时候", "稍晚些", "稍晚"); x > k && t.hasDay() && !t.clock.set {
		k = x
	}
	if u, x := p.other(t, k); x > k {
		t, k = u, x
	}
	e := p.skip(k, " ")
	if m := p.lit(e, "之前", "以前", "前后", "前", "之内", "以内", "内", "为止"); m > e && !p.goesOn(m) {
		// A weekend is the one stretch of which "before" and "in" differ: what must be there before it is due on Friday.
		if p.r[m-1] == '前' && p.r[k-1] == '末' && k > 1 && p.r[k-2] == '周' {
			t.before = true
		}
		k, strong = m, true
	}
	if m := p.lit(e, "左右", "上下"); m > e && !strong {
		k = m
	}
	if m := p.lit(e, "开始", "起"); m > e && t.hasDay() && !strong && p.lit(m, "步", "床", "飞", "诉", "草", "来", "会") == m { // 明天开始
		k = m
	}
	t.strong = t.strong || strong
	return t, k
}

// other reads a second time after the first, of which the later counts: 下周三或周四, 两点到四点, 十号到十五号.
func (p *chinese) other(t term, k int) (term, int) {
	o := p.skip(k, " ")
	m := p.lit(o, "或者", "或是", "或", "到", "至", "~", "–")
	if m == o {
		return t, k
	}
	or := p.r[o] == '或'
	m = p.skip(m, " ")
	u, e := p.day(m)
	if c, x := p.clock(max(e, m), e > m || t.clock.timed); x > max(e, m) {
		u.clock, e = c, x
	}
	switch {
	case e <= m || u.err != nil || t.err != nil:
		return t, k
	case !u.hasDay() && t.hasDay(): // 明天两点到四点
		if !u.clock.timed && !or {
			return t, k
		}
		u.day, u.next, u.opens, u.weekday, u.instant = t.day, t.next, t.opens, t.weekday, t.instant
	case u.hasDay() != t.hasDay():
		return t, k
	}
	if u.isWeekday() && u.day.Before(t.day) {
		u.day = u.day.AddDate(0, 0, 7)
	}
	u.strong = t.strong
	return u, p.lit(e, "之间")
}

// goesOn says that the 前 before j begins another word: 周五前往 is "go on Friday".
func (p *chinese) goesOn(j int) bool {
	return j < len(p.r) && p.r[j-1] == '前' && strings.ContainsRune("往面台端景天者", p.r[j])
}

// suffixed says that a limit follows, which makes weak evidence enough.
func (p *chinese) suffixed(j int) bool {
	j = p.skip(j, " ")
	m := p.lit(j, "之前", "以前", "前", "之内", "以内", "内", "为止")
	return m > j && !p.goesOn(m)
}

var chineseParts = map[string]part{
	"凌晨": partDawn, "清晨": partMorning, "早晨": partMorning, "早上": partMorning, "上午": partMorning, "早": partMorning,
	"一早": partFirst, "一大早": partFirst, "一上班": partFirst, "中午": partNoon, "正午": partNoon, "午饭": partLunch, "午休": partLunch,
	"下午": partAfternoon, "傍晚": partAfternoon, "晚上": partEvening, "晚间": partEvening, "夜里": partEvening, "晚": partEvening,
	"下班": partBusiness, "午夜": partEnd, "半夜": partEnd, "深夜": partEnd, "结束": partEnd,
}

// clock reads 上午十点, 下午3点半, 20:00, 中午, 下班. Without a day or a preposition a bare hour needs more, since 一点 is "a bit".
func (p *chinese) clock(i int, beside bool) (clock, int) {
	k, j := clock{}, i
	for width := 3; width > 0 && j == i; width-- {
		if i+width <= len(p.r) {
			if part, ok := chineseParts[string(p.r[i:i+width])]; ok && (width > 1 || beside) && !(p.r[i] == '晚' && width == 1 && p.lit(i, "晚些", "晚点", "晚一") > i) {
				k, j = at(part), i+width
			}
		}
	}
	partEnds := j
	e := p.skip(j, " ")
	if h, m := p.num(e); m > e {
		sure := beside || j > i || p.strict
		if t, end := p.hour(h, e, m, sure); end > m {
			t.part = k.part
			return t, end
		}
	}
	if j > i && k.part == partEnd && p.lit(i, "结束") > i && !beside {
		return clock{}, i
	}
	return k, partEnds
}

// hour reads what follows the number h, which stands at [i, m): 点, 点半, 点一刻, 点二十分, :30.
func (p *chinese) hour(h, i, m int, sure bool) (clock, int) {
	k := clock{set: true, timed: true, hour: h, padded: p.r[i] == '0'}
	if p.lit(m, ":") > m {
		n, e := p.num(m + 1)
		if e != m+3 || !isDigit(p.r[m+1]) || !validClock(h, n) || e < len(p.r) && isDigit(p.r[e]) {
			return k, m
		}
		k.min = n
		if e+2 < len(p.r) && p.r[e] == ':' && isDigit(p.r[e+1]) && isDigit(p.r[e+2]) {
			e += 3
		}
		if !sure && !p.suffixed(e) {
			return k, m
		}
		return k, e
	}
	e := p.lit(m, "点钟", "点整", "点", "时整", "时")
	if e == m || !validClock(h, 0) || p.r[m] == '时' && p.lit(m, "时候", "时间", "时代") > m {
		return k, m
	}
	if h == 0 {
		k.padded = true
	}
	if x := p.lit(e, "半", "一刻", "三刻"); x > e {
		k.min = map[rune]int{'半': 30, '一': 15, '三': 45}[p.r[e]]
		e, sure = x, true
	} else if n, x := p.num(e); x > e && n < 60 && (p.lit(x, "分") > x || sure && n >= 5 && p.lit(x, "个", "天", "点", "月", "日", "号", "年", "小") == x) {
		k.min = n
		e, sure = p.lit(x, "分钟", "分"), true
	}
	sure = sure || e > m+1 || p.suffixed(e) || p.lit(e, "左右") > e || p.hourTo(e)
	if !sure {
		return k, m
	}
	return k, e
}

// hourTo says that another hour follows: 两点到四点.
func (p *chinese) hourTo(i int) bool {
	j := p.lit(i, "到", "至")
	if j == i {
		return false
	}
	_, k := p.num(j)
	return k > j && p.lit(k, "点") > k
}

var chineseWeekdays = map[rune]time.Weekday{
	'一': time.Monday, '二': time.Tuesday, '三': time.Wednesday, '四': time.Thursday, '五': time.Friday, '六': time.Saturday,
	'日': time.Sunday, '天': time.Sunday, '1': time.Monday, '2': time.Tuesday, '3': time.Wednesday, '4': time.Thursday,
	'5': time.Friday, '6': time.Saturday,
}
