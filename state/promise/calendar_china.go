package promise

import "time"

// chinaYear is one year of the State Council's notice on holidays: spans of days off, each with its first and last day as month and
// day, and the weekend days that are worked for them.
type chinaYear struct {
	off [][2]int // 101 is 1 January
	on  []int
}

// chinaYears are the notices of the General Office of the State Council (国务院办公厅关于某年部分节假日安排的通知), which come out in
// October or November of the year before: 国办发明电〔2023〕7号, 〔2024〕12号, and that of November 2025.
var chinaYears = map[int]chinaYear{
	2024: {
		off: [][2]int{{101, 101}, {210, 217}, {404, 406}, {501, 505}, {610, 610}, {915, 917}, {1001, 1007}},
		on:  []int{204, 218, 407, 428, 511, 914, 929, 1012},
	},
	2025: {
		off: [][2]int{{101, 101}, {128, 204}, {404, 406}, {501, 505}, {531, 602}, {1001, 1008}},
		on:  []int{126, 208, 427, 928, 1011},
	},
	2026: {
		off: [][2]int{{101, 103}, {215, 223}, {404, 406}, {501, 505}, {619, 621}, {925, 927}, {1001, 1007}},
		on:  []int{104, 214, 228, 509, 920, 1010},
	},
}

func chinaKnown(year int) bool {
	_, ok := chinaYears[year]
	return ok
}

// china are the days off and the make-up working days of a year. Of a year without a notice they are the days whose date is fixed
// by the Regulation on Public Holidays (全国年节及纪念日放假办法, as revised in November 2024): those by the moon and the sun's terms,
// and what is moved around them, are not known.
func china(s *daySet, year int, _ string) {
	y, ok := chinaYears[year]
	if !ok {
		y = chinaYear{off: [][2]int{{101, 101}, {501, 502}, {1001, 1003}}}
	}
	for _, span := range y.off {
		for d := monthDay(year, span[0]); !d.After(monthDay(year, span[1])); d = d.AddDate(0, 0, 1) {
			s.rest(d)
		}
	}
	for _, d := range y.on {
		s.work(monthDay(year, d))
	}
}

func monthDay(year, md int) time.Time { return day(year, time.Month(md/100), md%100) }
