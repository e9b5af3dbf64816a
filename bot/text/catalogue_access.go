package text

// accessTexts are those of who may see and do what in a chat.
var accessTexts = texts{
	"error.chat_unknown": {`I do not know who you are[, {name}][: nobody of us has the account {id}]. Ask whoever looks after Kept to type: kept staff add YOUR-NAME --slack {id}`,
		`我不知道您是谁[，{name}][：没有同事使用账号 {id}]。请让 Kept 管理员运行：kept staff add 您的姓名 --slack {id}`},
	"error.chat_left": {`{name} has left, so this account may ask nothing any more. If that is wrong, whoever looks after Kept types: kept staff add {number} --slack -{id}, and gives the account to who has it now.`,
		`{name} 已离职，此账号不能再查询。如有误，请 Kept 管理员运行：kept staff add {number} --slack -{id}，再将账号分配给现在的使用者。`},
	"error.chat_terminal": {`That is not for a chat. At the terminal: kept help`, `聊天中不能这样做。请在终端运行：kept help`},
	"error.not_slack": {`"{value}" is no account at Slack. In Slack open their profile, the three dots, "Copy member ID": U0123ABCD`,
		`“{value}”不是 Slack 账号。在 Slack 打开其个人资料，点击三个点，“复制成员 ID”：U0123ABCD`},
	"error.chat_taken": {`The account[ {value}] is somebody else's[: {name}][ {number}]. Take it away first: {admin} staff add {number} --slack -{value}`,
		`账号[ {value}]属于别人[：{name}][ {number}]。请先移除：{admin} staff add {number} --slack -{value}`},
	"error.chat_not_theirs": {`{name} does not have the account {value}. What they have: {admin} staff show {number}`,
		`{name} 没有账号 {value}。查看已有账号：{admin} staff show {number}`},

	"did.staff.map": {`recognised somebody in Slack`, `识别 Slack 用户`},
}
