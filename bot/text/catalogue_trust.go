package text

// trustTexts are those of doctor, audit, access and erasure.
var trustTexts = texts{
	"error.not_forgotten": {`Nobody who was forgotten had "{ref}". Everybody who was: {admin} customer forgotten`, `被遗忘的人当中没有“{ref}”。全部：{admin} customer forgotten`},

	"forget.ask":      {`Erase {ref} {name} for good: {what}?`, `永久删除 {ref} {name}：{what}？`},
	"forget.would":    {`Would be erased: {ref}[ {name}]`, `将删除：{ref}[ {name}]`},
	"forget.done":     {`Erased: {ref}[ {name}]`, `已删除：{ref}[ {name}]`},
	"forget.finished": {`Nobody more to erase. An interrupted one was brought to its end: the file is overwritten.`, `没有其他要删除的人。之前中断的删除已完成：文件中的旧内容已被覆盖。`},
	"forget.refusals": {`refusals of contact that outlive them: {count}`, `{count} 项拒绝联系继续有效`},
	"forget.shared":   {`addresses that somebody else has too, so that what is told of them is still kept: {count}`, `{count} 个地址也属于他人：与之相关的内容仍会保留`},
	"forget.stays":    {`the organisation stays as its people name it, and they stay too: {count}`, `{count} 人属于该机构：他们与该机构名称都会保留`},
	"forget.copies":   {`copies that still have them: delete these yourself`, `仍含其资料的副本，请自行删除`},
	"forget.back":     {`If they come back one day: {admin} customer forgotten --lift {forgotten}`, `若其日后回来：{admin} customer forgotten --lift {forgotten}`},

	"forgotten.nobody":  {`Nobody was forgotten.`, `没有被遗忘的人。`},
	"forgotten.lifted":  {`What is told of them from now on is kept again:`, `今后与之相关的内容将重新保留：`},
	"forgotten.since":   {`may come back since {day}[, {by}]`, `自 {day} 起可回来[，{by}]`},
	"forgotten.markers": {`hashes that keep them away: {count}`, `{count} 个哈希标记阻止其重现`},

	"erased.activity":   {`entries of histories`, `条历史`},
	"erased.blob":       {`kept parts of unreadable rows`, `份无法读取的行`},
	"erased.change":     {`entries of the change log cleaned`, `条改动日志已清理`},
	"erased.connection": {`connections cleaned`, `个连接已清理`},
	"erased.consent":    {`statements about contact`, `项联系表态`},
	"erased.customer":   {`customer numbers`, `个客户编号`},
	"erased.link":       {`links`, `个关联`},
	"erased.promise":    {`promises`, `项承诺`},
	"erased.question":   {`questions`, `个问题`},
	"erased.read":       {`entries of the read log`, `条查阅记录`},
	"erased.record":     {`records with all their versions`, `条记录（含所有版本）`},
	"erased.relation":   {`relations`, `个关系`},
	"erased.request":    {`answers kept for repeated requests`, `个为重复请求保留的答复`},
	"erased.run":        {`names of files`, `个文件名`},
	"erased.setting":    {`values set by hand`, `个手工设置的值`},
	"erased.verdict":    {`verdicts on who they are`, `个身份判定`},

	"lost.forgotten": {`who was forgotten[, {first}][ to {last}]`, `被遗忘者的记录[，{first}][ 至 {last}]`},
	"lost.marker":    {`marks that keep the forgotten away`, `阻止被遗忘者重现的标记`},
	"lost.read":      {`the log of who looked at whom[, {first}][ to {last}]`, `查阅日志[，{first}][ 至 {last}]`},
}
