package text

// chatTexts are what chats alone say: pages, sharing, forms.
var chatTexts = texts{
	"help.title":    {`What you can ask and tell Kept`, `可以问 Kept 或告诉 Kept 的事`},
	"help.more":     {`More about one: {kept} help promise`, `详细说明：{kept} help promise`},
	"help.usage":    {`how it is typed`, `用法`},
	"help.options":  {`options`, `选项`},
	"help.examples": {`examples`, `示例`},
	"help.aliases":  {`also: {names}`, `也可以输入：{names}`},
	"help.nearest":  {`did you mean`, `您是不是要输入`},

	"action.choose_word": {`Yes, this`, `是的`},

	"chat.page":      {`{from#}–{to#} of {all#}`, `第 {from#}–{to#} 条，共 {all#} 条`},
	"chat.earlier":   {`Back`, `上一页`},
	"chat.share":     {`Share here`, `分享到此处`},
	"chat.shared_by": {`Shared by {user} from Kept, as of {at}`, `由 {user} 从 Kept 分享，截至 {at}`},

	"action.choose":  {`This one`, `选这位`},
	"action.drop":    {`Drop`, `放弃`},
	"action.reopen":  {`Reopen`, `重新打开`},
	"action.promise": {`Log promise`, `记录承诺`},

	"form.send":             {`Save`, `保存`},
	"form.new_date":         {`New date`, `改期`},
	"form.not_kept":         {`Can't keep it`, `无法兑现`},
	"form.not_kept.send":    {`It is not kept`, `确认未兑现`},
	"form.snooze":           {`Later`, `推迟`},
	"form.drop":             {`Drop the follow-up`, `放弃跟进`},
	"form.drop.send":        {`Drop`, `放弃`},
	"form.reassign":         {`Reassign`, `重新分配`},
	"form.note":             {`Add note`, `添加备注`},
	"form.promise":          {`Log a promise`, `记录承诺`},
	"form.override":         {`Contact all the same`, `仍然联系`},
	"form.answer_fix":       {`Correct the row`, `修正该行`},
	"form.answer_send":      {`Send the message`, `发送消息`},
	"form.answer_send.send": {`Send`, `发送`},

	"field.when":     {`When`, `时间`},
	"field.agreed":   {`The customer agreed to it`, `对方同意`},
	"field.note":     {`Why`, `原因`},
	"field.staff":    {`Who`, `由谁负责`},
	"field.text":     {`Text`, `内容`},
	"field.kind":     {`What it was`, `类型`},
	"field.private":  {`Only I may read it`, `仅自己可见`},
	"field.by":       {`Who of us promised`, `由哪位同事承诺`},
	"field.theirs":   {`The customer promised it to us`, `这是客户对我们的承诺`},
	"field.customer": {`Customer`, `客户`},
	"field.reason":   {`Why`, `原因`},
	"field.row":      {`The row as it should be`, `正确的内容`},

	"field.promise.text": {`What was promised`, `承诺内容`},

	"hint.when": {`Pick a day, or write it: friday 12:00, 25 Nov, in two weeks`, `选择日期，或直接填写：周五 12:00、11月25日、两周后`},
	"hint.by":   {`Nobody chosen: you`, `不选则为您本人`},
}
