package text

// mailTexts are those of messages: whose they are, who reads them, and who becomes a customer.
var mailTexts = texts{
	"question.staff":     {`Is {name} {where} one of us?`, `{name} {where} 是我们的同事吗？`},
	"evidence.sent_from": {`mail was sent from there in {connection}`, `{connection} 中有从该地址发出的邮件`},
	"did.staff":          {`{staff} is one of us: {address}.`, `{staff} 是我们的同事：{address}。`},
	"did.not_staff":      {`{address} is none of us, and is not asked about again.`, `{address} 不是我们的同事，今后不再询问。`},

	"answer.mailbox": {`{connection} is the own mailbox of {name} now: others see the headers only. If everybody may read it: {admin} connection mailbox {connection} shared`, `{connection} 现在是 {name} 的私人邮箱：其他人只能看到邮件头。若所有人都可阅读：{admin} connection mailbox {connection} shared`},

	"status.list":     {`to a mailing list`, `邮件列表`},
	"status.auto":     {`automatic`, `自动回复`},
	"status.bounce":   {`bounced`, `退信`},
	"status.no_reply": {`automatic, takes no answers`, `自动发送，不接收回复`},

	"brief.unanswered": {`{n#unanswered day|unanswered days}`, `{n#天}未回复`},
	"entry.hidden":     {`private mailbox[ of {name}]`, `[{name} 的]私人邮箱`},
	"entry.private":    {`private[: {name}]`, `私密[：{name}]`},
	"entry.shared":     {`shared`, `已公开`},
	"entry.is_private": {`private`, `私密`},
	"entry.files":      {`{n#file|files}: {names}`, `{n#个附件}：{names}`},

	"mark.share":          {`Everybody reads it now: {entry}`, `现在所有人都可以阅读：{entry}`},
	"mark.share.thread":   {`Everybody reads the whole conversation now, and what will come to it: {entry}`, `现在所有人都可以阅读整个往来及其后续：{entry}`},
	"mark.unshare":        {`Only the mailbox's owner reads it again: {entry}`, `又只有邮箱的主人可以阅读：{entry}`},
	"mark.unshare.thread": {`Only the mailbox's owner reads the conversation again: {entry}`, `又只有邮箱的主人可以阅读此往来：{entry}`},
	"mark.private":        {`Only you, and those of us who are in it, read it now: {entry}`, `现在只有您以及其中的同事可以阅读：{entry}`},
	"mark.private.thread": {`Only you, and those of us who are in it, read the conversation now: {entry}`, `现在只有您以及其中的同事可以阅读此往来：{entry}`},
	"mark.open":           {`It is no longer private: {entry}`, `已不再私密：{entry}`},
	"mark.open.thread":    {`The conversation is no longer private: {entry}`, `此往来已不再私密：{entry}`},

	"option.note.private":   {`only you will read it`, `只有您自己能看到`},
	"option.history.thread": {`the whole conversation of the message`, `该消息的整个往来`},

	"error.bad_rule":        {`{path}:{line}:{column}: "{value}" is no address, domain or list. Write jana@example.org, "@example.org" or list:news.example.org`, `{path}:{line}:{column}：“{value}”不是地址、域名或邮件列表。请写 jana@example.org、"@example.org" 或 list:news.example.org`},
	"error.config_mailbox":  {`{path}:{line}:{column}: a mailbox is shared or personal, not "{value}"`, `{path}:{line}:{column}：mailbox 只能是 shared 或 personal，而不是“{value}”`},
	"error.config_no_owner": {`{path}:{line}:{column}: whose is the personal mailbox {key}? Write owner: and one of us, by login`, `{path}:{line}:{column}：私人邮箱 {key} 是谁的？请写 owner: 和同事的登录名`},
	"error.config_owner":    {`{path}:{line}:{column}: only a personal mailbox has an owner. Write mailbox: personal under {key}`, `{path}:{line}:{column}：只有私人邮箱才有 owner。请在 {key} 下写 mailbox: personal`},

	"error.no_connection":     {`There is no connection {connection}. All: {admin} connection list`, `没有连接 {connection}。全部：{admin} connection list`},
	"error.mailbox_by_config": {`kept.yaml says whose mailbox {connection} is. Change it there: {admin} config show`, `{connection} 的邮箱归属由 kept.yaml 决定，请在那里修改：{admin} config show`},
	"error.bad_mailbox":       {`"{value}" says not whose the mailbox is. Write shared, or personal:NAME with one of us: {admin} staff list`, `“{value}”没有说明邮箱的归属。请写 shared，或 personal:同事姓名：{admin} staff list`},
	"error.mailbox_not_yours": {`{connection} is {name}'s own mailbox; only {name} can change that.`, `{connection} 是 {name} 的私人邮箱，只有 {name} 可以更改。`},
	"error.no_thread":         {`{entry} belongs to no conversation. Do it without --thread.`, `{entry} 不属于任何往来。请去掉 --thread。`},
	"error.mark_needs_staff":  {`Only one of us can say who reads an entry, and Kept does not know you. Say who you are: {admin} staff add NAME --login LOGIN`, `只有同事可以决定谁能阅读，而 Kept 不认识您。请先登记：{admin} staff add 姓名 --login 登录名`},
	"error.unknown_mark":      {`"{mark}" is none of: share, unshare, private, open`, `“{mark}”不是以下之一：share、unshare、private、open`},
	"error.not_yours":         {`{entry} is not yours to share or close[; ask {name}].`, `{entry} 不归您公开或设为私密[，请找 {name}]。`},
	"error.not_marked":        {`{entry} is neither shared nor private. Nothing was changed.`, `{entry} 既未公开也未设为私密。没有改动。`},
	"error.shared_already":    {`Everybody reads {entry} anyway: it is in no personal mailbox.`, `{entry} 不在私人邮箱中，所有人本来就可以阅读。`},
	"error.no_such_entry":     {`There is no message or note {entry}. Numbers stand in: {kept} history CUSTOMER --full`, `没有消息或备注 {entry}。编号见：{kept} history 客户 --full`},
	"error.address_is_ours":   {`{address} is one of our own addresses[ ({name})]: it is no customer's.`, `{address} 是我们自己的地址[（{name}）]，不属于客户。`},
	"error.not_a_rule":        {`"{rule}" is no address, domain or list. Write jana@example.org, @example.org or list:news.example.org`, `“{rule}”不是地址、域名或邮件列表。请写 jana@example.org、@example.org 或 list:news.example.org`},
	"error.no_such_rule":      {`There is no rule {rule} that could be taken back. All rules: {admin} customer ignore`, `没有可以取消的规则 {rule}。全部规则：{admin} customer ignore`},

	"damage.message_without_entry": {`a message is missing in a history`, `历史中缺少一封邮件`},
	"damage.entry_without_message": {`a history has an entry of a message that is not there`, `历史中有不存在的邮件`},
	"damage.mail_due":              {`customers do not follow from a rule about mail yet; the next import, or a repair, does that`, `客户尚未按邮件规则更新；下次导入或修复时会完成`},
	"damage.mail_contact_stale":    {`who follows from the mail of an address is not there`, `缺少由邮件地址得出的客户`},

	"collection.mail_due":   {`address to look at again`, `待重新处理的地址`},
	"collection.mark":       {`word on who reads an entry`, `阅读权限标记`},
	"collection.note_place": {`place of a note`, `备注的位置`},
	"lost.activity.i":       {`messages in histories`, `历史中的消息`},
	"lost.mail_due":         {`which addresses were to be looked at again`, `待重新处理的地址`},
	"lost.mark":             {`what was shared or marked private[: {first}][ to {last}]`, `公开与私密标记[：{first}][ 至 {last}]`},
	"lost.note_place":       {`where notes stand[: {first}][ to {last}]`, `备注的位置[：{first}][ 至 {last}]`},
}
