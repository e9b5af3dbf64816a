// Package promise understands what was promised and when: it finds promises in what was written, English and Chinese
// (Reader.Promises, Reader.Judge), and turns due words into an instant (ParseDue, FindDue).
//
// It is pure: the present moment, the zone and the calendar of working days are arguments; nothing here reads a clock, a
// file or the environment. It returns codes and arguments, never sentences.
//
// # What the words mean
//
// A due time is either an instant ("friday 12:00", "in two hours") or a day ("friday"). A day is not late until it has
// ended in the zone in which it was meant, and that zone travels with the value.
//
//   - Weeks begin on Monday. "this week", "next week", EOW, 这周, 下周 end on Friday, or before holidays on the last day that is
//     worked. On a Saturday or Sunday "this week" ends on that Sunday. A Calendar with another weekend has other weeks: of one
//     with Friday and Saturday off they begin on Sunday and end on Thursday.
//   - "friday", "this friday", "coming friday", 周五: the coming one. On a Friday that is today as long as the time said (or
//     the day) is not over, else the one after. "next friday" and 下周五 are always the Friday of next week; "friday of this
//     week", 本周五 and 这周五 stay in this week and may be in the past.
//   - "the 24th", 24号: this month, or the next month that has such a day.
//   - A day and month without a year is the coming one. If it went by no more than 60 days ago it is in the past: an old date
//     is likelier than a promise for next year. Who means next year writes the year.
//   - "24.11." is day first, "2026-11-24" and "2026/11/24" year first. "11/24" and "24/11" can be read in one way only and
//     are. "11/12" is month first in the zones of the United States, where Reader.MonthFirst is set, and within Chinese
//     words; everywhere else it is ambiguous and both readings are in the error.
//   - A weekday beside a date that falls on another day ("Mon 24 Nov 2026") is ambiguous.
//   - A named month is due on its last day. "next month", "end of the quarter", 月底, 年底: the last day.
//   - "by", "until", "on", 前, 之前, 以前 include the day said; English "before friday" is due on Thursday. Before a clock time
//     they all mean that time. "by the weekend" and 周末前 are due on Friday, "over the weekend" and 周末 on Sunday.
//   - morning, 上午 end at 12:00, afternoon, 下午 at 18:00, "close of business", 下班 when the Calendar's hours end; evening, tonight, midnight, "end of
//     day", 晚上 with the day. "first thing" and 一早 mean 10:00; dawn (凌晨) ends at 06:00, lunch at 13:00.
//   - An hour from 1 to 6 with neither am, pm, a part of the day nor a leading zero is in the afternoon ("at 5", "5:30", 三点).
//     A clock time with no day is today, or tomorrow when it has gone by.
//   - "in 3 days", 三天内, 三天后 name a day, counted from tomorrow; hours and minutes name an instant and count real time, so
//     that they are right across a change of the clocks. A month later is the same day of month, or the last one.
//   - "within 3 working days" counts working days after today, "within 4 working hours" the hours worked from now on. Which are
//     worked is the Calendar's word.
//   - "a few" is three, "several" five, "a couple" two; of "2-3 days" and 两三天 the later counts.
//   - "monday or tuesday", "between monday and wednesday" and "between 2 and 4" are due at the later of the two.
//   - "tuesday week" is the Tuesday after the coming one. "week 49", "CW 49" and "the week of 30 november" end on that week's Friday; a
//     season ends with its last month.
//
// A wall time that the clocks skip is the moment of the jump; one that they show twice is the second, since a promise is late
// only when no reading saves it.
package promise
