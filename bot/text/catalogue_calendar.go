package text

// calendarTexts are those of working days and holidays: kept.yaml's calendar, calendar files, the doctor's line.
var calendarTexts = texts{
	"error.config_country":    {`{path}:{line}:{column}: the holidays of "{value}" are not known.[ Did you mean {near}?] All: {countries}. Others: name a calendar file under files:`, `{path}:{line}:{column}：不知道“{value}”的节假日。[您是不是要 {near}？]全部：{countries}。其他国家：请在 files: 下写日历文件`},
	"error.config_hours":      {`{path}:{line}:{column}: "{value}" are no working hours. Write for example "09:00-18:00", and "fri 09:00-15:00" for a day that differs`, `{path}:{line}:{column}：“{value}”不是工作时间。请写例如 "09:00-18:00"，某天不同时写 "fri 09:00-15:00"`},
	"error.config_weekday":    {`{path}:{line}:{column}: "{value}" is no day of the week. Write for example fri`, `{path}:{line}:{column}：“{value}”不是星期几。请写例如 fri`},
	"error.config_no_workday": {`{path}:{line}:{column}: no day of the week is worked. Leave at least one out`, `{path}:{line}:{column}：一周没有工作日。请至少去掉一天`},

	"error.calendar_country":    {`The holidays of "{country}" are not known. Name a calendar file instead.`, `不知道“{country}”的节假日。请改用日历文件。`},
	"error.calendar_no_workday": {`No day of the week is worked. Leave at least one out of the weekend.`, `一周没有工作日。请至少去掉一个休息日。`},
	"error.calendar_missing":    {`{path}:{line}:{column}: there is no calendar file {file}. Paths are looked for from the folder of kept.yaml`, `{path}:{line}:{column}：没有日历文件 {file}。相对路径以 kept.yaml 所在文件夹为准`},
	"error.calendar_unreadable": {`{path}:{line}:{column}: the calendar file {file} cannot be read. Check its rights`, `{path}:{line}:{column}：日历文件 {file} 无法读取。请检查权限`},
	"error.calendar_no_file":    {`{file}:{at}: this is no whole calendar file: it begins with BEGIN:VCALENDAR and ends with END:VCALENDAR. It is named in {path}:{line}`, `{file}:{at}：不是完整的日历文件：应以 BEGIN:VCALENDAR 开头、以 END:VCALENDAR 结尾。引用处：{path}:{line}`},
	"error.calendar_line":       {`{file}:{at}: "{value}" is no line of a calendar file. Export the calendar again. It is named in {path}:{line}`, `{file}:{at}：“{value}”不是日历文件的内容。请重新导出日历。引用处：{path}:{line}`},
	"error.calendar_date":       {`{file}:{at}: "{value}" is no date or length of time. A day stands as 20261224. It is named in {path}:{line}`, `{file}:{at}：“{value}”不是日期或时长。日期写作 20261224。引用处：{path}:{line}`},
	"error.calendar_rule":       {`{file}:{at}: "{value}" names no days on which an event recurs. It is named in {path}:{line}`, `{file}:{at}：“{value}”没有给出重复的日子。引用处：{path}:{line}`},
	"error.calendar_large":      {`{file}:{at}: the calendar is larger than what is read (4 MB, 1,000 recurring events, 1,000,000 days). Keep the holidays alone in it. It is named in {path}:{line}`, `{file}:{at}：日历过大（上限 4 MB、1,000 个重复事件、1,000,000 天）。请只保留节假日。引用处：{path}:{line}`},

	"doctor.calendar":              {`holidays are known: {countries}, {from}[ and {to}]`, `节假日已知：{countries}，{from}[ 和 {to}] 年`},
	"doctor.calendar_missing":      {`the holidays of {year} are not known: {countries}`, `{year} 年的节假日未知：{countries}`},
	"doctor.calendar_missing.hint": {`once they are published: install a newer Kept, or name a calendar file that has them (calendar: files: in {path})`, `公布之后：请安装新版 Kept，或在 {path} 的 calendar: files: 中写上包含它们的日历文件`},
}
