package text

// damageTexts are what was found in a damaged file, and what cannot be read any more because of it.
var damageTexts = texts{
	"error.state_headless": {`The head of the state[ {path}] is damaged, both copies of it: nothing in the file can be found. Restore a backup: {admin} restore FILE`, `数据文件[ {path}]的文件头及其副本均已损坏，无法读取其中内容。请恢复备份：{admin} restore 文件`},

	"work.page":     {`pages`, `页`},
	"work.customer": {`customers`, `客户`},
	"work.record":   {`records`, `记录`},
	"work.question": {`questions`, `问题`},
	"work.link":     {`links`, `归属`},
	"work.activity": {`histories`, `历史`},
	"work.change":   {`changes`, `改动`},
	"work.consent":  {`what was said about contact`, `联系许可`},

	"damage.head":       {`one of the two heads of the file is damaged: the last change may be missing`, `文件的两个文件头之一已损坏：最后一次改动可能缺失`},
	"damage.file_short": {`the file ends too early`, `文件不完整，缺少末尾部分`},
	"damage.older":      {`these may be older than they were`, `这些内容可能是旧版本`},

	"lost.activity.r": {`history of records[ {first}][ to {last}]`, `记录[ {first}][ 至 {last}]的历史`},
	"lost.activity.c": {`notes about customers[ {first}][ to {last}]`, `客户[ {first}][ 至 {last}]的备注`},
	"lost.activity":   {`history and notes[ from {first}][ to {last}]`, `历史与备注[，{first}][ 至 {last}]`},
	"lost.blob":       {`rows set aside and what Kept remembers of itself[: {first}][ to {last}]`, `搁置的行及 Kept 自身的记录[：{first}][ 至 {last}]`},
	"lost.change":     {`the log of changes[, {first}][ to {last}]`, `改动日志[，{first}][ 至 {last}]`},
	"lost.connection": {`connections[ {first}][ to {last}]`, `连接[ {first}][ 至 {last}]`},
	"lost.consent":    {`what was said about contact[ at {first}][ to {last}]`, `联系许可[，{first}][ 至 {last}]`},
	"lost.customer":   {`customers[ {first}][ to {last}]`, `客户[ {first}][ 至 {last}]`},
	"lost.link":       {`whose the records are[, {first}][ to {last}]`, `记录[ {first}][ 至 {last}]的归属`},
	"lost.promise":    {`promises[ {first}][ to {last}]`, `承诺[ {first}][ 至 {last}]`},
	"lost.question":   {`questions[ {first}][ to {last}]`, `问题[ {first}][ 至 {last}]`},
	"lost.record":     {`records[ {first}][ to {last}]`, `记录[ {first}][ 至 {last}]`},
	"lost.relation":   {`relations[ {first}][ to {last}]`, `关系[ {first}][ 至 {last}]`},
	"lost.request":    {`which requests were done[, {first}][ to {last}]`, `已完成的请求[，{first}][ 至 {last}]`},
	"lost.run":        {`runs of imports[, {first}][ to {last}]`, `导入运行[ {first}][ 至 {last}]`},
	"lost.setting":    {`what was set by hand on customers[ {first}][ to {last}]`, `客户[ {first}][ 至 {last}]的手工设置`},
	"lost.staff":      {`staff[ {first}][ to {last}]`, `员工[ {first}][ 至 {last}]`},
	"lost.verdict":    {`merges and what was kept apart[, {first}][ to {last}]`, `合并与区分的判定[ {first}][ 至 {last}]`},
	"lost.maybe":      {`{what}, as far as there were any`, `{what}（如有）`},
	"lost.nothing":    {`nothing is lost`, `没有丢失内容`},
	"lost.kept":       {`The damaged file stays as {path}. What is missing may be in a backup, or comes with the next import of the same files.`, `损坏的文件保留为 {path}。缺失的内容可能在备份中，或在再次导入相同文件时恢复。`},
	"lost.replaced":   {`The damaged file stays as {path}; nothing was lost.`, `损坏的文件保留为 {path}；没有丢失内容。`},
}
