package text

import "github.com/keptcrm/kept/state"

// followupTexts are those of follow-ups and of the rules that make them.
var followupTexts = texts{
	"word.followups":          {`what is to be followed up, late first`, `待跟进事项，逾期的在前`},
	"word.followup":           {`enter a follow-up, say that it is done, put it off, or give it to somebody`, `新增跟进、标记完成、推迟或转交`},
	"option.followups.by":     {`only what is one person's to do`, `只看某位同事的`},
	"option.followups.late":   {`only those that are late`, `只看逾期的`},
	"option.followups.all":    {`done and dropped ones too`, `包括已完成和已放弃的`},
	"option.followup.due":     {`when it is due, if not today`, `到期时间，默认为今天`},
	"option.followup.for":     {`who is to do it, if not the owner`, `由谁跟进，默认为负责人`},
	"option.followup.note":    {`what came of it`, `结果说明`},
	"usage.followup":          {"A follow-up needs a customer and a text; or a number and what becomes of it:\n{usage}", "跟进需要客户和内容；或编号和处理方式：\n{usage}"},
	"error.no_such_followup":  {`There is no follow-up {ref}. All open ones: {kept} followups`, `没有跟进 {ref}。全部待办：{kept} followups`},
	"error.followup_closed":   {`Follow-up {followup} is {state%followupstate.} already. To open it again: {kept} followup {followup} reopen`, `跟进 {followup} {state%followupstate.}。重新打开：{kept} followup {followup} reopen`},
	"error.followup_missing":  {`Which follow-up? All open ones: {kept} followups`, `哪一项跟进？全部待办：{kept} followups`},
	"error.followup_action":   {`"{action}" cannot be done with a follow-up. One of: done, drop, snooze DATE, assign NAME, reopen`, `跟进不支持"{action}"。可用：done、drop、snooze 日期、assign 姓名、reopen`},
	"error.followup_no_date":  {`Until when? Write: {kept} followup snooze {followup} monday`, `推迟到什么时候？请写：{kept} followup snooze {followup} 周一`},
	"error.followup_no_staff": {`To whom? Write: {kept} followup assign {followup} wei`, `转交给谁？请写：{kept} followup assign {followup} wei`},

	"evidence.given_on":                {`given on[ from {from}] to {to}[ by {by}][, {at@}]`, `[由 {from} ]转交给 {to}[，{by}][，{at@}]`},
	"damage.followup_without_customer": {`a follow-up has no customer`, `有跟进没有对应的客户`},
	"lost.followup":                    {`follow-ups[ {first}][ to {last}]`, `跟进[ {first}][ 至 {last}]`},
	"erased.followup":                  {`follow-ups`, `项跟进`},
	"export.followups":                 {`Follow-ups`, `跟进`},
	"did.followup.add":                 {`entered a follow-up`, `新增跟进`},
	"did.followup.close":               {`closed a follow-up`, `了结跟进`},
	"did.followup.snooze":              {`put a follow-up off`, `推迟跟进`},
	"did.followup.assign":              {`gave a follow-up to somebody`, `转交跟进`},
	"did.read.followups":               {`read the follow-ups`, `查阅跟进`},

	"followupstate.open":    {`open`, `待办`},
	"followupstate.done":    {`done`, `已完成`},
	"followupstate.dropped": {`dropped`, `已放弃`},

	"followups.open":      {`{n#open follow-up|open follow-ups}`, `{n#项待跟进}`},
	"followups.open_late": {`{n#open follow-up|open follow-ups}, {late} late`, `{n#项待跟进}，{late} 项逾期`},
	"followups.late":      {`{n#late follow-up|late follow-ups}`, `{n#项逾期跟进}`},
	"followups.all":       {`{n#follow-up|follow-ups}`, `{n#项跟进}`},
	"followups.none_open": {`Nothing is to be followed up.`, `没有待跟进的事项。`},
	"followups.none_late": {`No follow-up is late.`, `没有逾期的跟进。`},
	"followups.none_all":  {`There are no follow-ups yet.`, `还没有任何跟进。`},
	"followups.cut":       {`The first {n} of {all}. All: without --limit`, `共 {all} 项，显示前 {n} 项。查看全部请去掉 --limit`},
	"followups.next":      {`done: {kept} followup done {number} · later: {kept} followup snooze {number} monday`, `完成：{kept} followup done {number} · 推迟：{kept} followup snooze {number} 周一`},
	"followups.put_off":   {`until {until@}`, `推迟至 {until@}`},
	"followups.stands_in": {`{ask} for {name}`, `{ask} 代 {name}`},
	"followups.anybody":   {`nobody yet`, `尚无人负责`},
	"followups.went_on":   {`went on to {over}, {told@}`, `已转 {over}，{told@}`},

	"followup.added":     {`Noted to be followed up`, `已记录待跟进`},
	"followup.done":      {`Done`, `已完成`},
	"followup.dropped":   {`Dropped`, `已放弃`},
	"followup.open":      {`Open again`, `已重新打开`},
	"followup.snoozed":   {`Put off`, `已推迟`},
	"followup.assigned":  {`Given on`, `已转交`},
	"followup.shown":     {`Follow-up`, `跟进`},
	"followup.what":      {`what`, `内容`},
	"followup.customer":  {`customer`, `客户`},
	"followup.for":       {`for`, `由`},
	"followup.due":       {`due`, `到期`},
	"followup.state":     {`state`, `状态`},
	"followup.from":      {`from`, `来源`},
	"followup.rule":      {`rule "{rule}"`, `规则"{rule}"`},
	"followup.hand":      {`by hand[, {by}]`, `手工[，{by}]`},
	"followup.reopen":    {`Not done after all? {kept} followup {number} reopen`, `其实没有完成？{kept} followup {number} reopen`},
	"action.snooze":      {`Later`, `推迟`},
	"brief.followups":    {`to follow up`, `待跟进`},
	"followup.why.plain": {`follow up`, `跟进`},
}

// FollowupWhy says what a follow-up is about: people's own words, else the sentence for the code
// under which a rule made it.
func (p *Printer) FollowupWhy(code string, args state.Args, words string) string {
	if words != "" {
		return words
	}
	if key := "followup.why." + code; Has(key) {
		return p.T(key, args)
	}
	return p.T("followup.why.plain")
}
