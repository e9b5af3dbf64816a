package promise

import (
	"strings"
	"time"
)

// day reads what names a day, a period or a length of time.
func (p *chinese) day(i int) (term, int) {
	for _, read := range []func(int) (term, int){p.relative, p.length, p.week, p.numeric, p.date, p.period, p.ordinal} {
		if t, j := read(i); j > i {
			return t, j
		}
	}
	return term{}, i
}

var chineseDays = map[string]int{
	"今天": 0, "今日": 0, "当天": 0, "当日": 0, "明天": 1, "明日": 1, "后天": 2, "后日": 2, "大后天": 3, "昨天": -1, "昨日": -1, "前天": -2,
	"今早": 0, "今晨": 0, "今晚": 0, "今夜": 0, "明早": 1, "明晨": 1, "明晚": 1, "后晚": 2, "昨晚": -1,
	"明后天": 2, "明后两天": 2, "今明两天": 1,
}

func (p *chinese) relative(i int) (term, int) {
	for width := 4; width >= 2; width-- {
		if i+width > len(p.r) {
			continue
		}
		n, ok := chineseDays[string(p.r[i:i+width])]
		if !ok {
			continue
		}
		j := i + width
		if n < 0 && !p.past {
			return term{err: fail(CodePast)}, j
		}
		t := p.inDays(n)
		switch p.r[j-1] {
		case '早', '晨':
			t.clock = at(partMorning)
			j = p.lit(j, "上")
		case '晚', '夜':
			t.clock = at(partEvening)
			j = p.lit(j, "上")
		}
		return t, j
	}
	return term{}, i
}

// length reads 三天内, 两周内, 三个工作日内, 半小时内, 一个半小时后. Without 内 or 后 it is a mere quantity, and with 前 it is past.
func (p *chinese) length(i int) (term, int) {
	j := p.skip(p.lit(i, "未来", "接下来", "今后", "往后", "过", "再过"), "的 ")
	if k := p.lit(j, "这两天", "这几天"); k > j {
		n := 2
		if p.r[j+1] == '几' {
			n = 3
		}
		return p.inDays(n), p.lit(k, "之内", "以内", "内")
	}
	n, half, k := 0, false, j
	if p.lit(j, "半") > j {
		k, half = j+1, true
	} else if n, k = p.num(j); k == j {
		return term{}, i
	}
	between := false
	if m := p.lit(k, "-", "~", "到", "至", "–"); m > k && !half { // 3到5天: the later
		if v, x := p.num(m); x > m && v > n {
			n, k, between = v, x, true
		}
	}
	if !half && k == j+2 && k < len(p.r) && strings.ContainsRune("一二两三四五六七八", p.r[j]) && strings.ContainsRune("二两三四五六七八九", p.r[j+1]) { // 两三天
		between = true
	}
	e := p.lit(k, "个")
	if !half && p.lit(e, "半") > e && p.lit(e, "半夜", "半年") == e {
		half = true
		e++
	}
	u, e := p.unit(e)
	if u == 0 {
		return term{}, i
	}
	if !half && e == k+1 && strings.ContainsRune("年", p.r[k]) && n > 100 { // 2026年内 is a year, not a length
		return term{}, i
	}
	if p.lit(e, "半") > e && u == unitHour {
		half = true
		e++
	}
	e = p.skip(e, " ")
	if m := p.lit(e, "前", "之前", "以前"); m > e {
		return term{err: fail(CodePast)}, m
	}
	m := p.lit(e, "之内", "以内", "内", "之后", "以后", "后")
	if m == e && !p.strict && j == i && p.lit(e, "左右", "上下") == e && !(between && p.lit(e, "给", "就", "能", "可", "会") > e) && p.lit(e, "到账", "到位", "出结果", "出证", "交货", "办好", "办结", "完工", "搞定", "修好", "做好", "就能", "就好", "就可以") == e {
		return term{}, i
	}
	if half {
		switch u {
		case unitHour:
			n, u = n*60+30, unitMinute
		case unitMonth:
			if n > 0 && n <= maxCount {
				t := dayTerm(addMonths(p.today, n).AddDate(0, 0, 15))
				t.strong = m > e
				return t, m
			}
			n, u = 15, unitDay
		case unitYear:
			if n > 100 {
				return term{}, i
			}
			n, u = n*12+6, unitMonth
		case unitDay:
			n++ // half a day is done within the day after: it is named by a day
		default:
			return term{}, i
		}
	}
	t, ok := p.after(p.today, n, u)
	if !ok {
		return term{}, i
	}
	t.strong = m > e
	return t, m
}

func (p *chinese) unit(i int) (unit, int) {
	for _, c := range []struct {
		words string
		unit  unit
	}{
		{"工作日", unitWorking}, {"工作天", unitWorking}, {"自然日", unitDay}, {"自然天", unitDay}, {"工作小时", unitOffice}, {"小时", unitHour}, {"钟头", unitHour}, {"分钟", unitMinute}, {"天", unitDay},
		{"日", unitDay}, {"周", unitWeek}, {"星期", unitWeek}, {"礼拜", unitWeek}, {"季度", unitQuarter}, {"年", unitYear},
	} {
		if j := p.lit(i, c.words); j > i {
			// 三日, 三年 and 三周 count, but 24日 may be a date: length() asks for 内 or 后.
			return c.unit, j
		}
	}
	if i > 0 && p.r[i-1] == '个' || i > 0 && p.r[i-1] == '半' {
		if j := p.lit(i, "月"); j > i {
			return unitMonth, j
		}
	}
	return 0, i
}

// weeks reads 这, 本, 下, 下下, 上 (with 个): how many weeks or months from now. named is false when nothing was said.
func (p *chinese) weeks(i int) (n int, named bool, j int) {
	j = p.lit(i, "这个", "这", "本", "当", "下下个", "下下", "下个", "下", "下一个", "下一", "上个", "上", "上一", "上上", "次")
	if j == i {
		return 0, false, i
	}
	n = map[rune]int{'下': 1, '次': 1, '上': -1}[p.r[i]]
	if j > i+1 && p.r[i+1] == '下' {
		n = 2
	}
	return n, true, j
}

// week reads 周五, 本周五, 下星期三, 下周, 周末, 下周初.
func (p *chinese) week(i int) (term, int) {
	n, named, j := p.weeks(i)
	k := p.lit(j, "周", "星期", "礼拜")
	if k == j {
		return term{}, i
	}
	if p.lit(k, "期", "年", "到", "围", "边", "转") > k {
		return term{}, i
	}
	if i > 0 && (!named || p.r[i] == '次') && strings.ContainsRune("一二两三四五六七八九十几每个", p.r[i-1]) { // 一周一次, 每周五, 一次周报
		return term{}, i
	}
	if named && p.lit(k, "一定", "一直", "一般", "一样", "一并", "一次") > k { // 这周一定
		return p.context.week(n), k
	}
	e := k
	if named {
		e = p.lit(k, "的周", "的星期", "的礼拜")
	}
	if e < len(p.r) {
		if w, ok := chineseWeekdays[p.r[e]]; ok && !(isDigit(p.r[e]) && e+1 < len(p.r) && isDigit(p.r[e+1])) {
			switch {
			case n < 0:
				return term{err: fail(CodePast)}, e + 1
			case named:
				return p.weekdayIn(n, w), e + 1
			}
			t := p.coming(w)
			t.weekday = &w
			return t, e + 1
		}
	}
	switch {
	case p.lit(k, "末") > k && n >= 0:
		t := p.weekend(n)
		if named {
			t.next = nil
		}
		return t, k + 1
	case !named:
		if e := p.lit(k, "内"); e > k { // 周内: this week
			return p.context.week(0), k
		}
		return term{}, i
	case n < 0:
		return term{err: fail(CodePast)}, k
	}
	if e := p.lit(k, "初", "中"); e > k {
		return p.weekdayIn(n, 3), e
	}
	t := p.context.week(n)
	return t, p.lit(k, "结束", "底")
}

// numeric reads 2026-11-24, 2026/11/24, 2026.11.24 and 11/24, month first as Chinese writes it.
func (p *chinese) numeric(i int) (term, int) {
	if i > 0 && strings.ContainsRune("0123456789./-", p.r[i-1]) || i >= len(p.r) || !isDigit(p.r[i]) {
		return term{}, i
	}
	a, j := p.num(i)
	if j == i || j >= len(p.r) || !strings.ContainsRune("-/.", p.r[j]) {
		return term{}, i
	}
	sep := p.r[j]
	b, k := p.digits(j + 1)
	if k == j+1 {
		return term{}, i
	}
	if k < len(p.r) && p.r[k] == sep {
		if d, e := p.digits(k + 1); e > k+1 && j-i == 4 {
			return p.context.date(max(a, 1), b, d), e
		}
		return term{}, i
	}
	if sep != '/' && !(sep == '-' && p.suffixed(k)) || j-i > 2 || k < len(p.r) && isDigit(p.r[k]) || !p.strict && !p.suffixed(k) && p.lit(k, "号", "日") == k {
		return term{}, i
	}
	return p.slashed(a, b, 0, true), k
}

// digits reads at most two decimal digits.
func (p *chinese) digits(i int) (int, int) {
	n, j := 0, i
	for ; j < len(p.r) && j < i+2 && isDigit(p.r[j]); j++ {
		n = n*10 + int(p.r[j]-'0')
	}
	return n, j
}

// date reads [2026年|今年|明年]11月24日, 11月底, 3月份, 下个月15号, 本月底.
func (p *chinese) date(i int) (term, int) {
	year, j := 0, i
	switch k := p.lit(i, "今年", "明年", "后年"); {
	case k > i:
		year = p.today.Year() + map[rune]int{'今': 0, '明': 1, '后': 2}[p.r[i]]
		j = p.lit(p.skip(k, " "), "的")
	default:
		if y, k := p.num(i); k > i && p.lit(k, "年") > k && (y >= 1900 && y < 2200 || y >= 20 && y < 100 && isDigit(p.r[i])) {
			if year = y; y < 100 {
				year += 2000
			}
			j = p.skip(k+1, " ")
		}
	}
	if m, k := p.num(j); k > j && p.lit(k, "月") > k {
		e := p.lit(k, "月份的", "月份", "月")
		d, f := p.num(p.skip(e, " "))
		if x := p.lit(f, "日", "号"); f > p.skip(e, " ") && (x > f || d <= 31 && (p.strict || p.suffixed(f))) {
			return p.context.date(year, m, d), x
		}
		base := p.named(year, m)
		if x := p.edge(e); x > e {
			return p.at(base, e), x
		}
		if base.err == nil && (p.strict || p.lit(k, "月份") > k || p.suffixed(e) || j > i) {
			return base, e
		}
		return term{}, i
	}
	if year > 0 {
		base := p.span('y', year-p.today.Year())
		if x := p.lit(j, "年底", "年末", "底", "末"); x > j {
			base.opens = nil
			return base, x
		}
		if x := p.lit(j, "年初", "初"); x > j {
			return dayTerm(base.opens(base.day).AddDate(0, 0, 30)), x
		}
		if q, x := p.quarterNumber(j); x > j {
			return p.quarter(year, q), x
		}
		if p.strict || p.suffixed(j) {
			return base, j
		}
	}
	return term{}, i
}

// edge steps over a part of a month: 底, 初, 中旬.
func (p *chinese) edge(i int) int {
	if p.lit(i, "中国", "初步", "中文", "初级") > i {
		return i
	}
	return p.lit(i, "底", "末", "初", "上旬", "中旬", "中", "下旬")
}

// at places base, a month, at the part that begins at i.
func (p *chinese) at(base term, i int) term {
	if base.err != nil {
		return base
	}
	day := 0
	switch p.r[i] {
	case '初':
		day = 7
	case '上':
		day = 10
	case '中':
		day = 15
		if p.lit(i, "中旬") > i {
			day = 20
		}
	}
	if day == 0 {
		base.opens = nil
		return base
	}
	next := base.next
	t := dayTerm(firstOfMonth(base.day).AddDate(0, 0, day-1))
	if next != nil {
		t.next = func(d time.Time) time.Time { return firstOfMonth(next(d)).AddDate(0, 0, day-1) }
	}
	return t
}

func (p *chinese) quarterNumber(i int) (int, int) {
	if j := p.lit(i, "q"); j > i {
		if n, k := p.digits(j); k > j && n >= 1 && n <= 4 {
			return n, p.lit(k, "季度末", "季度底", "季度", "末", "底")
		}
	}
	j := p.lit(i, "第")
	if n, k := p.num(j); k > j && n >= 1 && n <= 4 && (p.lit(k, "季度", "季") > k) {
		return n, p.lit(k, "季度末", "季度底", "季度", "季末", "季")
	}
	return 0, i
}

// period reads 月底, 下个月, 本月中旬, 下个月15号, 年底, 季度末, 第一季度.
func (p *chinese) period(i int) (term, int) {
	if q, j := p.quarterNumber(i); j > i {
		return p.quarter(0, q), j
	}
	n, named, j := p.weeks(i)
	unit := byte(0)
	k := j
	for words, u := range map[string]byte{"月": 'm', "季度": 'q', "季": 'q', "年": 'y', "年度": 'y'} {
		if e := p.lit(j, words); e > k {
			unit, k = u, e
		}
	}
	if unit == 0 || unit == 'y' && n != 0 {
		return term{}, i
	}
	if n < 0 {
		return term{err: fail(CodePast)}, k
	}
	base := p.span(unit, n)
	if unit == 'm' {
		of := p.lit(k, "的")
		if d, e := p.num(of); e > of && named && p.lit(e, "日", "号") > e {
			return p.context.date(base.day.Year(), int(base.day.Month()), d), e + 1
		}
		if e := p.edge(of); e > of && (named || strings.ContainsRune("底末初", p.r[of])) {
			t := p.at(base, of)
			if !named && p.r[of] == '初' { // 月初 alone is the coming one
				t.next = func(d time.Time) time.Time { return addMonths(d, 1) }
			}
			return t, e
		}
	} else if e := p.lit(k, "底", "末"); e > k {
		base.opens = nil
		return base, e
	}
	if named && unit != 'y' || p.lit(k, "内", "之内", "以内") > k && i == j && !(i > 0 && hasHan(string(p.r[i-1]))) {
		return base, k
	}
	return term{}, i
}

// ordinal reads 24号, 二十四日: a bare day of month.
func (p *chinese) ordinal(i int) (term, int) {
	n, j := p.num(i)
	k := p.lit(j, "号", "日")
	if j == i || k == j || n < 1 || n > 31 || p.lit(k, "楼", "线", "店", "门", "机", "馆", "厅", "桌", "仓", "院", "房", "元", "码", "内", "以内", "之内") > k {
		return term{}, i
	}
	return p.context.ordinal(n), k
}
