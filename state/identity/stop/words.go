package stop

import (
	"regexp"
	"sync"
)

// mentions are letters one of which every such wish has; what has none is not looked at further.
var mentions = []string{"stop", "unsub", "remov", "off ", "opt", "don't", "do not", "dont", "no more", "no longer", "never", "quit", "cease", "consent", "alone",
	"object", "cancel", "lose my", "not interested", "delete", "not want", "not wish", "spam", "refrain", "prefer not", "rather not",
	"kein", "abmeld", "melde", "austrag", "trage", "streich", "lösch", "nehm", "abbestell", "bestell", "widerspr", "widerruf", "aufhör", "hör", "nicht mehr", "nie ", "ruhe",
	"unterlass", "entfern", "verzicht",
	"plus", "arrêt", "arret", "désinscri", "desinscri", "désabon", "desabon", "retir", "supprim", "enlev", "laissez", "cess", "oppose",
	"no me", "no nos", "dejen", "deje", "baja", "no quiero", "no deseo", "borr", "elimin", "elimín", "déjen", "déje", "nunca", "quít", "quit", "sáq", "paren", "cancel", "no más", "no mas",
	"توقف", "أوقف", "لا تر", "لا تت", "لا أر", "لا اريد", "لا نر", "اشتراك", "احذف", "أزيل", "كف",
	"退订", "退訂", "订阅", "訂閱", "别", "別", "不要", "不想", "不再", "停止", "勿", "拒", "不需要", "移除", "删", "取消", "移出", "不接受", "撤", "收回", "骚扰", "打扰"}

// goods are things that are stopped, sent and not sent in the way of business: a sentence about them
// is about an order.
const goods = `(?:invoices?|bills?|orders?|parcels?|goods|shipments?|shipping|units?|deliver(?:y|ies)|packages?|samples?|lens(?:es)?|items?|products?|payments?|reminders? for invoice|quotes?|contracts?|` +
	`machines?|mounts?|telescopes?|scopes?|truck|courier|rechnung(?:en)?|bestellung(?:en)?|ware|waren|pakete?|lieferung(?:en)?|muster|factures?|commandes?|colis|livraisons?|facturas?|pedidos?|paquetes?|envíos?)`

// never are sentences that only look like the wish.
var never = compile(
	// footers of newsletters, and instructions to others
	`\bto (unsubscribe|opt out|stop receiving)\b[^.]*\b(click|visit|reply|follow|use|press|go to|write|send|text|tap|email)\b`,
	`\b(click|tap|press)\b[^.]*\b(unsubscribe|opt out|abmelden|abbestellen)\b`, `\byou (can|may|could) (always |also )?(unsubscribe|opt out|stop)`,
	`\bif you (no longer|don't|do not|would rather not|prefer not|wish|want|would like)\b`, `\b(reply|text|send|antworten sie mit|répondez|responda)\b.{0,12}\b(stop|td|t|n)\b.{0,3}\b(to|at|um|pour|para)\b`,
	`\bunsubscribe (link|button|rate|page|form|request|header|function|footer)s?\b`, `\byou('re| are) receiving this\b`, `\byou (received|have received|get|are getting) this\b`,
	`\bwenn sie\b.*\b(keine|nicht mehr|abmelden|abbestellen)\b`, `\b(um sich|zum abmelden|zur abmeldung|falls sie|möchten sie keine|wollen sie keine)\b`, `\bsie können\b.*\b(abmelden|abbestellen|widerrufen|widersprechen)\b`,
	`\bsi vous ne\b`, `\bpour (vous|se) (désabonner|désinscrire|désinscription)`, `\bpour ne plus recevoir\b[^.]*\b(cliquez|répondez|écrivez)`, `\bvous pouvez (vous|à tout moment)\b`,
	`\bsi (ya )?no (desea|quiere|desean)\b`, `\bpara (darse|cancelar)\b[^.]*\b(haga|pulse|clic|responda)`, `\bpuede (darse|cancelar)\b`,
	`إذا كنت لا|لإلغاء الاشتراك|يمكنك إلغاء`,
	`如(需|果|要|您|想|不想|不愿)[^。]*(退订|退訂|拒收|取消订阅|不再接收|接收)`, `(回复|回覆|回|发送|请按)\s*[“"「']?\s*(td|t|n|r|退订|拒收)`, `(退订|拒收|取消订阅)(请|回|链接|按钮|率|功能|页面|方式|流程|说明|入口|的客户|的用户|名单)`, `点击.{0,12}(退订|取消)`,
	// the opposite of it
	`\b(don't|do not|never|didn't|did not|not to|wouldn't|without|haven't|have not|please not)\b.{0,12}\b(stop|unsubscribe|remove|quit|cancel|opt out|opt-out|take (me|us) off)\b`,
	`\b(subscribe|sign) me (again|up|back)\b`, `\bby (mistake|accident)\b`, `\baccidentally\b`, `\b(resubscribe|re-subscribe)\b`, `\bkeep (sending|the emails|them coming)\b`, `\bbefore i unsubscribe\b`,
	`\bnicht (abmelden|austragen|streichen|löschen|abbestellen|aus (dem|ihrem) verteiler)\b`, `\bversehentlich\b`, `\bpor error\b`, `\bpar erreur\b`,
	`(不要|别|请勿|没有|没|不会|不想|误)(停|退订|取消订阅|取消|删|移除)`, `重新订阅|误操作|恢复订阅`,
	// other people, other things
	`\b(unsubscribe|remove|opt out)\b (him|her|them|my (colleague|boss|wife|husband|assistant|partner|coworker|customer|client)s?|our (customers?|clients?|users?|members?)|all (customers|users|clients)|customers|users|clients|people|contacts|subscribers|duplicates?)\b`,
	`\b(customers?|clients?|users?|people|recipients?|subscribers?|contacts?|colleagues?|they|he|she) (who |that )?(\w+ )?(unsubscribed?|opt(ed|s)? out|want(s|ed)? to (unsubscribe|stop)|asked (us |me )?to|ha(s|ve) unsubscribed|can unsubscribe)\b`,
	`\b(how|where|what|when|why) (can|do|does|should|could|would|will|did) (our |my |the |your )?(customers?|clients?|users?|people|recipients?|subscribers?|contacts?|colleagues?|you|they|he|she|we)\b`,
	`\b(stopped|stops) (by|working|at|in|for|sending data|receiving)\b`, `\bstop (by|at|over|in|watch|working|light|loss|the clock|here|there|short)\b`, `\bnon-?stop\b`, `\bbus stop\b`, `\bstop (button|bit|sign|position|motor|screw)\b`, `\bf-?stops?\b`, `\bfield stop\b`, `\bend stop\b`,
	`\b(stop|hold|cancel|delay|don't send|do not send|no longer send|remove|delete)\b[^.]{0,40}\b`+goods+`\b`,
	`\b(send|sending) (me |us )?(no more |the |any more |more )?`+goods+`\b`, `\bno (more|longer) [^.]{0,20}\b`+goods+`\b`,
	`\b(keine|nicht)\b[^.]{0,40}\b`+goods+`\b`, `\bno me (env|mand)[^.]{0,30}\b`+goods+`\b`, `\bplus\b[^.]{0,20}\b`+goods+`\b`,
	`\b(before|after|until|till|during|while|between|on (mon|tues|wednes|thurs|fri|satur|sun)day|today|tomorrow|this (week|afternoon|morning|evening)|next (week|month)|at (work|night|home)|vor \d|nach \d|bis (ende|nächste|montag|dienstag|mittwoch|donnerstag|freitag)|heute|morgen|diese woche|avant|après|demain|aujourd'hui|antes de|después|mañana|hoy)\b`,
	`\b(we|they|you|he|she|there) (have|has|had|got|offer|stock) no (more|longer)\b`, `\bi('m| am|'ve| have)? (never|no longer|not) (received|got|heard|seen|had|able|sure|remove|find|opened?|stop)\b`,
	`\bwir (haben|können|führen|bekommen|erhalten)\b.*\bkein`, `\b(es gibt|gibt es|habe ich|ich habe|ich bekomme|ich erhalte|ich finde|ich kann) (leider |noch |bisher )?kein`,
	`(不要|别|请勿|勿|停止)再?[^。，,]{0,6}(发货|发样品|寄样品|发错|寄错|发快递|寄发票|发发票|付款|生产|发合同|报价|下单|发票|合同|样品|订单|货|快递|包裹)`,
	`(不要|别|勿)(在|忘|担心|着急|急|客气|误会|介意|见怪|生气|犹豫|让|把|用)`, `(客户|用户|他们|她|他|同事|会员)[^。]{0,8}(退订|取消订阅|不想|不要|别)`, `(怎么|如何|怎样)(让|给|帮|统计|设置|处理)`, `(上午|下午|晚上|早上|周[一二三四五六日末]|今天|明天|开会|点(前|后|之前|之后)|之前|期间)[^。]*(不要|别|勿)`, `(不要|别|勿)(在)?[^。]{0,6}(上午|下午|晚上|早上|周[一二三四五六日末]|今天|明天|点(前|后|之前|之后)|之前|期间)`,
	`不再(生产|供应|销售|需要这|使用|担心)`, `\bif (i|you|they|we) (stop|unsubscribe|don't)\b`, `\b(price|prices|noise|leak|error|alarm|motor|machine|update|app|software)\b.{0,20}\bstop`,
	`\b(would|will|does|do|can|could) you (really )?(stop|unsubscribe) (selling|making|producing|offering)\b`, `\b(stop|stopped|stopping) (selling|making|producing|offering|using|buying|the (machine|motor|program|production))\b`,
)

const (
	me     = `(?:me|us|this (?:address|e-?mail|e-?mail address|number|mailbox|account|inbox)|my (?:e-?mail|address|e-?mail address|number|phone|inbox|mobile|name))`
	advert = `(?:e-?mails?|mails?|mailings?|newsletters?|offers?|adverti\w+|ads?|marketing|messages?|promo\w*|spam|catalog(?:ue)?s?|brochures?|leaflets?|junk|sales (?:calls|pitch\w*)|calls|texts?|sms|updates|campaigns?|stuff|deals)`
	werb   = `(?:werbe?\w*|newsletter\w*|e-?mails?|mails?|angebote?|prospekte?|katalog\w*|nachrichten|post|anrufe|sms|infos?|informationen|mailings?|reklame)`
	pub    = `(?:publicités?|pubs?|e-?mails?|mails?|courriels?|newsletters?|messages?|offres?|promotions?|sms|appels|catalogues?|infolettres?|lettres? d'information)`
	anun   = `(?:publicidad|correos?|e-?mails?|mensajes?|boletín|boletines|ofertas?|promociones|newsletters?|sms|llamadas|catálogos?|propaganda|información comercial)`
	guang  = `(?:广告|邮件|信息|短信|推广|推销|推送|消息|电邮|电子邮件|宣传|促销|目录|营销|订阅|垃圾邮件)`
)

// hard are words after which nothing commercial is sent by any way.
var hard = compile(
	`\bnever (ever )?(again )?(contact|e-?mail|call|text|write|message|phone|approach|bother|disturb)( to)? `+me+`\b`,
	`\b(do not|don't|dont) (ever )?(contact|approach|bother|disturb|solicit) `+me+`( again| any ?more| ever( again)?| in any way| for any reason| in (the )?future| further)?\s*([.!,]|$)`,
	`\b(leave|let) (me|us) (alone|be in peace|in peace)\b`, `\b(stop|cease|no more|end) (all |any |every )?(further )?(contact|communication|communications|solicitation)\b`,
	`\bstop (contacting|bothering|harassing|stalking|disturbing|pestering) `+me+`\b`, `\blose my (number|e-?mail|address)\b`, `\b(don't|do not) want (any |further |more )*contact( with you| from you)?\s*([.!,]|$)`,
	`\b(kontaktieren|belästigen|behelligen) sie (mich|uns) (bitte )?(nie wieder|nicht (mehr|weiter)|nie mehr)`, `\b(lassen sie|lasst|lass) (mich|uns) (bitte |endlich )*in (ruhe|frieden)`,
	`\b(nie wieder|nie mehr)\b.{0,25}\b(kontakt\w*|anrufen|schreiben|melden|belästig\w*)`, `\b(keinen|keinerlei) (weiteren )?kontakt\b`, `\bunterlassen sie (jede|jegliche|jedwede)\b.{0,30}\b(kontakt\w*|werbung)`,
	`\bne (me|nous) contactez (plus|jamais)`, `\b(laissez|foutez)[- ](moi|nous) (tranquilles?|la paix|en paix)`, `\bplus aucun contact\b`, `\bcessez de (me|nous) (contacter|harceler|déranger)`,
	`\bno (me|nos) (vuelvan?|contacten?|contacte) (a (contactar|llamar|escribir|molestar)|más|mas|nunca)`, `\b(déjenme|dejenme|déjeme|dejeme) en paz`, `\bnunca más\b.{0,20}\bcontact`, `\b(dejen|deje) de (contactarme|molestarme|acosarme)`,
	`لا تتواصلوا معي|لا تتواصل معي|لا تتصلوا بي (مرة|مجدد|أبد|بعد|ثانية)|اتركوني وشأني|كفوا عن (الاتصال|إزعاجي)|لا أريد أي تواصل`,
	`(别|別|不要|请勿|勿|莫|不许|不准)再?(来)?(联系|聯繫|联络|骚扰|騷擾|打扰|烦)(我|我们|本人)?(了|啦)?`, `(永远|永遠|以后|以後|今后|从此)[^。]{0,4}(别|不要|勿|请勿)[^。]{0,3}(联系|联络|打扰|骚扰)`, `停止(一切|所有|任何)(联系|联络|骚扰|推销|营销)`,
)

// soft are words after which nothing commercial is sent by the channel on which they came.
var soft = compile(
	`\b(stop|quit|cease|discontinue|refrain from) (sending|e-?mailing|mailing|calling|texting|spamming|messaging|writing|phoning|ringing|advertising)( to)?( `+me+`| (any |all |these |those |your |more |the |such |this |out |\w+ )*`+advert+`)\b`,
	`\b(stop|quit|cease) (the |these |this |those |all |all the |all these |your |sending |with the |with these |with your )*`+advert+`\b`, `^(please |just |ok,? |oh,? )*(stop|quit) (spamming|it|this|e-?mailing|calling|texting)[.! ]*$`,
	`\bplease stop[.! ]*$`, `\bi (have )?(already )?asked you( \w+)? to stop\b`,
	`\bunsubscribe `+me+`\b`, `\b(please|kindly|pls|immediately|hereby|and|just)[, ]+unsubscribe\b`, `^unsubscribe\b[^?]*[.!]?$`,
	`\bi('d| would)? ?(want|would like|wish|like|need|have tried|am trying|'m trying|tried|hereby ask|ask|request|demand)( to| you to)? (to )?(unsubscribe|be (removed|taken off|unsubscribed|deleted|struck)|get off|get removed|stop receiving|cancel (my |the |this )*(newsletter|e-?mail|mailing))`,
	`\bhow (do|can|could|may) i (unsubscribe|get off|stop (these|receiving|getting|your)|be removed|cancel (your|the|this) (newsletter|mailing))`,
	`\b(remov(?:e|ing)|tak(?:e|ing)|delet(?:e|ing)|drop|strike|get|scratch) `+me+`( \w+){0,3} (from|off|out of)( of)? (\w+ ){0,5}(lists?|mailings?|newsletters?|database|distribution|e-?mails?|subscriptions?|distributor|contacts|records|crm|campaigns?|mailing list)\b`,
	`\b(remove|delete) (me|us|my (e-?mail|address|e-?mail address|number))( please)?\s*[.!]*$`, `\btake (me|us) off\b`, `\bremove my (data|details|information|contact) from (your|the) (mailing|marketing|list|database)`,
	`\b(do not|don't|dont|never|please no longer|no longer) (ever )?(send|e-?mail|mail|call|text|message|write|phone|ring|spam)( to)?( `+me+`)?( (any|more|further|such|these|this|your|anything|other|those|kind of|sort of|of|commercial|unsolicited|to|with))*( `+advert+`)`,
	`\b(do not|don't|dont|never) (ever )?(send|e-?mail|mail|call|text|message|write|phone|ring|spam)( to)? `+me+`( any)? ?(again|any ?more|any longer|ever|in (the )?future|further)?\s*([.!,]|$|,? (please|thanks|thank you))`,
	`^(please |pls |ok,? |thanks,? (but )?)*no more `+advert+`\b`, `\b(want|wish|need|like|send me|send us) no (more|further) `+advert+`\b`, `^no more (\w+ ){0,2}(please|pls)`,
	`\bi (do not|don't|dont|no longer|never) (want|wish|care|need|asked|agreed|signed up|consent\w*|would like)( to)?( (receive|get|getting|receiving|hear|see|be sent|for|have|more|any|your|these|this|such|further|from you|of|to|those|the|be on|be contacted|stay on))* ?(`+advert+`|from you|your (mailing )?list|contacted)\b`,
	`\bwould (rather|prefer) not (to )?(receive|get|hear|be contacted)\b`, `\b(not|no longer) interested in (receiving |getting |any |further |more |these |your |such )*(`+advert+`|hearing from you)`,
	`\b(please )?opt (me|us) out\b`, `\b(opt|opting) out( of (your|the|these|this|all|any) (\w+ )?(`+advert+`|lists?))?\s*([.!,]|$)`, `\b(withdraw|revoke) (my|our) (consent|permission|agreement)\b`, `\bobject to\b.{0,60}\b(marketing|advertis\w*)\b`,
	`\bcancel (my|this|our|the|your) (\w+ )?(newsletter|mailing|e-?mail subscription|subscription to (your|the|this) (newsletter|mailing|e-?mails?))`, `\bthis is spam\b.{0,40}\b(stop|remove|unsubscribe)`,
	// German
	`\b(senden|schicken|schreiben|mailen|sendet|schickt|schick|sende)( sie)? (mir|uns) (bitte |künftig |in zukunft |ab sofort |doch )*(keine?|nichts)( \w+){0,2}( `+werb+`| mehr)`,
	`\b(bitte |ich (möchte|will|wünsche|brauche|bitte um)( \w+){0,2} )(keine(rlei)?|nicht mehr)( \w+){0,3}( `+werb+`)`, `^(bitte )?keine( weiteren?| weitere[nr]?)? `+werb+`( mehr)?( an (mich|diese adresse))?[.! ]*$`,
	`\b(melden|tragen|nehmen|streichen|löschen|entfernen|setzen)( sie)?( bitte)? (mich|uns|meine (e-?mail-?)?adresse|diese adresse|meine daten|meine mailadresse)\b.{0,60}\b(ab|aus|verteiler\w*|newsletter\w*|liste\w*|mailingliste\w*|werbeverteiler|datenbank|kartei)\b`,
	`\b(vom|aus (dem|ihrem|eurem)|von (ihrem|der|ihrer)|den|ihren|euren|diesen) (newsletter|verteiler|mailingliste|werbeliste|liste)\b.{0,30}\b(ab(zu)?melden|aus(zu)?tragen|streichen|entfernen|löschen|nehmen|ab(zu)?bestellen|kündigen|genommen|gestrichen|gelöscht)`,
	`\bbestelle?n?( ich| wir)?\b.{0,30}\bnewsletter\b.{0,20}\bab\b`, `\bnewsletter\b.{0,15}\b(ab|abbestellen|kündigen)[.! ]*$`, `\bmöchte mich\b.{0,30}\b(abmelden|austragen)`,
	`\bwiderspreche\b.{0,80}\b(werb\w*|marketing)`, `\bwiderrufe\b.{0,60}\b(einwilligung|zustimmung|einverständnis)`, `\b(hören|hört) (sie )?(bitte |endlich )*auf\b.{0,30}\b(mir|uns|mich)\b`, `\brufen sie (mich|uns|hier) (bitte )?(nicht mehr|nie wieder|nicht weiter) an`,
	`\b(möchte|will|wünsche) (von ihnen )?(nicht mehr|keine|nichts mehr) .{0,20}\b(angeschrieben|kontaktiert|angerufen|werbung|hören|post|mails?)\b`, `\bverzichte\b.{0,20}\b`+werb, `\bunterlassen sie\b.{0,40}\b(werbung|mails?|anrufe|zusendung)`,
	// French
	`\b(ne |n')?(m'|nous |me )(envoyez|envoyer|écrivez|ecrivez|appelez|téléphonez|adressez|spammez) (plus|pas)`, `\b(arrêtez|arretez|cessez|arrêter|merci d'arrêter|stoppez)( s'il vous plaît)?,? (de |d'|vos |les |ces |cette |avec )(m'|me |nous )?(envoyer|écrire|appeler|spammer|téléphoner|adresser|`+pub+`|envois|spam)`,
	`\bje (ne )?(souhaite|veux|désire|voudrais) (pas |plus )+(être|recevoir|avoir|figurer|entendre|de )`, `\b(désinscrivez|desinscrivez|désabonnez|desabonnez|désinscrire|retirez|supprimez|enlevez|rayez|effacez)[- ](moi|nous|mon (adresse|mail|e-?mail|nom|numéro))\b`,
	`\b(veux|souhaite|voudrais|aimerais|désire|demande à)\b.{0,15}\b(me |m')?(désabonner|désinscrire|être (retiré|désinscrit|désabonné|supprimé))`, `^(s'il vous plaît,? |merci,? )?plus (de |d'|aucun\w* )`+pub, `\b(me |m')(retirer|désinscrire|désabonner|supprimer|enlever) de (votre|la|vos)`, `\bm'oppose\b.{0,60}\b(prospection|publicité|marketing|commercial\w*)`,
	// Spanish
	`\bno (me|nos) (env[ií]e[ns]?|mand(e|en|es)|escriban?|llamen?|llame)\b.{0,25}\b(más|mas|`+anun+`)`, `\b(dejen|deje|dejad|paren|pare|basta) de (enviar|mandar|escribir|llamar|spam)(me|nos)?`, `\bno (quiero|deseo|queremos|deseamos) (seguir |volver a |más |mas )*(recibir|recibiendo|sus|más|mas)\b`,
	`\b(dar(me|nos)|d[ée]n?me|quiero|solicito|deseo|pido)\b.{0,20}\b(de )?baja\b`, `\b(bórren?me|borren?me|elimínen?me|eliminen?me|quíten?me|quiten?me|sáquen?me|saquen?me|retíren?me) (de|por favor)`, `\bcancel(ar|en|e) mi suscripción (al|a su|a la) (boletín|newsletter|lista)`, `^(por favor,? )?no más `+anun,
	`\bno (me|nos) interesan? (sus|su|más|recibir) (`+anun+`|más)`,
	// Arabic
	`(توقفوا|توقف|الرجاء التوقف|أرجو التوقف|يرجى التوقف) عن (إرسال|ارسال|مراسلتي|الاتصال|إزعاجي)`, `(أوقفوا|أوقف|اوقفوا) (إرسال|الرسائل|هذه الرسائل|الإعلانات)`, `لا ترسلوا (لي|إلي|المزيد|أي|رسائل)|لا ترسل (لي|إلي)|لا تراسلوني|لا تتصلوا بي`,
	`(ألغوا|الغوا|أريد إلغاء|اريد الغاء|أرجو إلغاء|الرجاء إلغاء|يرجى إلغاء|أود إلغاء) (اشتراكي|الاشتراك)`, `لا (أريد|اريد|أرغب في|نريد) (استلام|تلقي|المزيد|أي|رسائل|إعلانات|هذه)`, `(احذفوني|أزيلوني|احذفوا (بريدي|رقمي|عنواني)|أزيلوا (بريدي|اسمي)) من`,
	// Chinese
	`(请|我要|我想|帮我|给我|麻烦|申请|想|要|立即|马上|希望)(您|你)?(帮我|给我|尽快)?(退订|退訂|取消订阅|取消訂閱)`, `^(退订|退訂|取消订阅)(吧|了|谢谢|，谢谢|该邮件|你们的|贵司的|此|这个|邮件|邮箱)?[。！! ]*`,
	`把?(我|本人|我的(邮箱|号码|手机|地址|邮件地址|电话))[^。]{0,4}(从|在)?[^。]{0,8}(名单|列表|邮件组|群发|通讯录|数据库|系统)?(里|中|上)?(移除|删除|删掉|去掉|移出|剔除|拿掉)`,
	`(不要|别|別|请勿|请不要|请别|勿|不许)再?(给|向|往)?(我|我们|本人|这个邮箱|此邮箱|这个号码|此号)?(的邮箱|手机)?再?(继续)?(发|發|寄|推送|推|打|发送|群发|投放)(电话|来)?(这些|这种|这类|任何|什么|那些|垃圾|你们的|贵司的|营销|促销)*(`+guang+`|电话|了|东西|啦|过来|来)`,
	`(不要|别|別|请勿|请不要|勿)再(给|向|往)?(我|我们|本人|这个邮箱)?(发|發|寄|推送|推销|打电话|打|发送|群发|推广)`, `(不想|不愿|不希望|不愿意|不再|不打算|拒绝)再?(接收|收到|接到|看到|收|接受|接)(你们|贵司|贵公司|任何|这些|这种|这类|此类|你们的|贵司的|的|营销|商业|推广|促销)*(`+guang+`|电话)`,
	`(请|麻烦)?(停止|停掉|停)(给我|向我|对我)?(发送|推送|发|群发|推销|营销)(我|这些|此类|任何|广告|邮件|短信|了|。|$|！|推广|营销)`, `(别发了|不要发了|不用发了|别推了|别打了|不要打了|不要推销)`, `不需要(你们的|这些|任何|再)*(`+guang+`|推销)`, `(撤回|撤销|收回)[^。]{0,6}(同意|授权|许可)`, `(不接受|拒收|拒绝)(任何|一切|此类|你们的|商业|营销)*(`+guang+`|推销)`,
)

// compile reads patterns when they are first asked for: most runs of the program never do.
func compile(list ...string) func() []*regexp.Regexp {
	return sync.OnceValue(func() []*regexp.Regexp {
		out := make([]*regexp.Regexp, len(list))
		for i, p := range list {
			out[i] = regexp.MustCompile(p)
		}
		return out
	})
}

// pattern is compile for one.
func pattern(p string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(p) })
}
