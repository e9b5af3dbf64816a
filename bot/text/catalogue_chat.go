package text

// chatTexts are what chats alone say: pages, sharing, forms.
var chatTexts = texts{
	"chat.cancel":    {`Cancel`, `取消`},
	"chat.needed":    {`This is needed.`, `此项必填。`},
	"chat.tick":      {`If it is so`, `如是请勾选`},
	"chat.or_words":  {`or in words`, `或用文字填写`},
	"chat.theirs_by": {`What the customer promised is promised by none of us: choose one of the two.`, `客户的承诺不由同事作出：请二选一。`},
	"chat.stale":     {`This button is from another time. Ask again: {kept} help`, `此按钮已失效。请重新输入：{kept} help`},
	"chat.too_long":  {`This is too long for a form. Type it as a command instead: {kept} help`, `内容过长，无法使用表单。请直接输入命令：{kept} help`},
	"chat.no_words":  {`This message has no words that could be kept.`, `此消息没有可记录的文字。`},

	"chat.audience":       {`Everybody in {channel} will see this card, also who joins later.`, `{channel} 的所有成员都会看到此卡片，包括以后加入的人。`},
	"chat.audience_n":     {`Everybody in {channel} will see this card: {n#person|people} now, and who joins later.`, `{channel} 的所有成员都会看到此卡片：现有 {n#人}，以及以后加入的人。`},
	"chat.share_what":     {`The card of: {words}`, `卡片：{words}`},
	"chat.share_send":     {`Share`, `分享`},
	"chat.share_unknown":  {`Not shared: it cannot be known who would see it here. Copy what you need into a message instead.`, `未分享：无法确认此处有哪些人能看到。如有需要，请自行复制内容。`},
	"chat.share_guest":    {`Not shared: guests cannot share what Kept knows.`, `未分享：访客不能分享 Kept 的内容。`},
	"chat.share_external": {`Not shared: people outside the company are in this channel.`, `未分享：此频道有公司以外的人。`},

	"chat.all_promises":  {`All my promises`, `我的全部承诺`},
	"chat.all_followups": {`All my follow-ups`, `我的全部跟进`},
	"chat.all_questions": {`All questions`, `全部问题`},
	"chat.home_foot":     {`Anything else: {kept} help`, `其他命令：{kept} help`},

	"evidence.said_in_chat": {`{where}[, {by}], {at@}`, `{where}[，{by}]，{at@}`},
	"origin.said_in_chat":   {`chat`, `聊天`},
	"error.not_staff":       {`You are not entered as one of us, so that nothing is yours here: {admin} staff add NAME`, `您尚未录入为员工，因此没有属于您的内容：{admin} staff add 姓名`},

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
