package text

// promiseTexts are those of promises that were found, closed by evidence, and counted.
var promiseTexts = texts{
	"question.promise":             {`Did {by} promise {a} this?`, `{by}对 {a} 作出过这项承诺吗？`},
	"question.promise_theirs":      {`Did {a} promise this?`, `{a} 作出过这项承诺吗？`},
	"question.promise_done":        {`Is this kept: {by} to {a}?`, `这项承诺兑现了吗：{by}对 {a}？`},
	"question.promise_done_theirs": {`Is this kept by {a}?`, `{a} 兑现了这项承诺吗？`},
	"question.due":                 {`due {due}`, `到期：{due}`},
	"question.no_due":              {`no date`, `无日期`},
	"question.conditional":         {`if something happens first`, `有前提条件`},
	"question.for":                 {`asked of {name}`, `询问对象：{name}`},
	"question.hidden":              {`found in a mailbox that is not yours`, `来自他人的邮箱`},
	"question.lapsed":              {`no longer asked`, `不再询问`},
	"question.waiting":             {`waits for another day`, `改日再问`},
	"questions.others":             {`{n#question|questions} about promises put to others ({names}): {kept} questions --all`, `另有 {n#个承诺问题}由他人回答（{names}）：{kept} questions --all`},

	"evidence.said_in_mail":       {`mail from {from}[, {at@}][: “{subject}”]`, `{from}的邮件[，{at@}][：“{subject}”]`},
	"evidence.said_in_note":       {`{kind%kind.}[ by {by}][, {at@}]`, `{kind%kind.}[，{by}][，{at@}]`},
	"evidence.kept_with_mail":     {`mail from {from}[, {at@}][: “{subject}”][, with {file}]`, `{from}的邮件[，{at@}][：“{subject}”][，附件 {file}]`},
	"evidence.kept_with_note":     {`{kind%kind.}[ by {by}][, {at@}]`, `{kind%kind.}[，{by}][，{at@}]`},
	"evidence.kept_with_shipment": {`order {order} left[, {at@}][, {connection}]`, `订单 {order} 已发货[，{at@}][，{connection}]`},
	"evidence.kept_with_order":    {`order {order} was placed[, {at@}][, {connection}]`, `已下订单 {order}[，{at@}][，{connection}]`},
	"evidence.words_corrected":    {`words corrected[ by {by}]; found were: “{said}”`, `文字已更正[，{by}]；原文：“{said}”`},
	"evidence.proof_gone":         {`open again[, {at@}]: what it was closed by was deleted`, `重新打开[，{at@}]：了结它的依据已被删除`},

	"did.promised":              {`Promise {promise} is on record: {name} {number}.`, `承诺 {promise} 已记录：{name} {number}。`},
	"did.promised_done":         {`Promise {promise} is on record, and kept: {name} {number}.`, `承诺 {promise} 已记录并兑现：{name} {number}。`},
	"did.no_promise":            {`It is none, and is not asked about again.`, `不是承诺，今后不再询问。`},
	"did.promise_kept":          {`Promise {promise} is kept.`, `承诺 {promise} 已兑现。`},
	"did.promise_open":          {`Promise {promise} stays open, and is not asked about with this again.`, `承诺 {promise} 仍未了结，今后不再以此询问。`},
	"did.promise_closed_before": {`Promise {promise} was closed meanwhile.`, `承诺 {promise} 此前已了结。`},
	"did.promise.watch":         {`read for promises`, `查找承诺`},
	"did.promise.ask":           {`asked about promises`, `询问承诺`},

	"answer.done": {`Yes, and kept`, `是，已兑现`},

	"origin.said_in_mail": {`mail`, `邮件`},
	"origin.said_in_note": {`note`, `备注`},

	"error.question_for_other": {`Question {question} is put to {name}. Whoever runs Kept, their manager and their deputy may answer for them.`, `问题 {question} 由 {name} 回答。系统管理员、其经理和代理人可以代答。`},
	"error.answer_no_due":      {`A date goes with the answer yes or done about a promise that was found; {question} takes none.`, `日期只能与对承诺问题的“是”或“已兑现”一起给出；{question} 不接受日期。`},
}
