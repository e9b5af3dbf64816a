package demo

// letter is one message of a conversation as its writer typed it. {first} is the customer's first
// name, {article} something that the shop sells, {staff} who of us writes, {n} a number.
type letter struct {
	out  bool // we wrote it
	text string
	file string // name of an attachment; "" for none
}

// talk is a conversation that happens again and again.
type talk struct {
	subject string
	letters []letter
}

func in(text string) letter             { return letter{text: text} }
func out(text string) letter            { return letter{out: true, text: text} }
func with(file string, l letter) letter { l.file = file; return l }

var talks = []talk{
	{"Which {article}?", []letter{
		in("Hello,\n\nI observe from a balcony in the city and my old one has fogged up for good. Is the {article} worth it, or should I save up for something larger?"),
		out("Hello {first},\n\nfor a balcony it is a good choice: it is light and cools down fast. A larger one shows more only under a dark sky."),
		in("Thank you, that helps. I will order it this week.")}},
	{"Where is my parcel?", []letter{
		in("Good morning,\n\nmy order was sent {n} days ago and the tracking page still says \"announced\". Could you have a look?"),
		out("Dear {first},\n\nI am sorry. I asked DHL today; the parcel stood in their hub in Neumünster. I will write to you as soon as it moves."),
		in("It arrived this afternoon, thanks for looking after it.")}},
	{"Warranty: {article}", []letter{
		with("IMG_2071.jpg", in("Hello,\n\nthe focuser of the {article} has play, see the picture. I bought it in your shop less than two years ago.")),
		out("Hello {first},\n\nthat is a case for the warranty. Please send it back with the label that I attach; we repair it within ten days."),
		in("Label printed, parcel handed in today."),
		out("It is on our bench. The spring was bent; we put in a new one and will send it back on Monday."),
		in("Back home and firm as a rock. Very pleased.")}},
	{"Copy of the invoice", []letter{
		in("Hi,\n\nour accountant needs the invoice with our VAT number on it. Can you write it anew?"),
		with("invoice-{n}.pdf", out("Hello {first},\n\nplease find it attached. The number of the old invoice stands on it, so that both can be filed together."))}},
	{"Star party next month", []letter{
		in("Hello Nordlicht team,\n\nwe are about {n} people and would like to borrow two telescopes for a night. Do you lend any?"),
		out("Hello {first},\n\nyes, we lend the Dobson and the small refractor, free of charge for clubs. You would fetch them here."),
		in("Wonderful. We will come on Friday at four."),
		out("Friday at four is fine. Ask for me at the counter.")}},
	{"Too dim?", []letter{
		in("Hello,\n\nthrough the {article} I see the moon well and galaxies not at all. Is mine broken?"),
		out("Hello {first},\n\nprobably not: from town most galaxies drown in the light. Try the Orion nebula around midnight, and give your eyes twenty minutes.")}},
	{"Price for a school class", []letter{
		in("Good afternoon,\n\nI teach physics and want {n} pieces of the {article} for a class. Is there a price for schools?"),
		with("quote-{n}.pdf", out("Dear {first},\n\nthere is: 12 per cent less from ten pieces. The quote is attached and holds for thirty days.")),
		in("The head agreed. Please send them to the school's address."),
		out("Thank you. They leave tomorrow.")}},
	{"Return of {article}", []letter{
		in("Hello,\n\nit is simply too heavy for me. May I still send it back?"),
		out("Of course, {first}, within thirty days. You have the money back two days after it is here."),
		in("Sent today. Sorry for the trouble.")}},
	{"Collimation", []letter{
		in("Hi there,\n\nafter a drive over cobblestones stars look like commas. Do I have to send it in?"),
		out("Hello {first},\n\nno need: it is done in five minutes. If you come by on a Saturday I show you."),
		in("I did it with a video on Sunday and it is sharp again!")}},
	{"Change of address", []letter{
		in("Hello,\n\nwe are moving house. Please send the next parcel to the parents of my husband, the address stands in the shop already."),
		out("Hello {first}, noted. Good luck with the boxes.")}},
	{"Solar filter", []letter{
		in("Dear team,\n\nis the foil safe for the eyes of children? We want to look at the sun with {n} of them."),
		out("Dear {first},\n\nit is, as long as it has no holes: hold it against a lamp before each use, and fix it with tape so that nobody pulls it off."),
		in("Understood, thank you for the clear words.")}},
	{"Thank you", []letter{
		in("Last night we saw the rings of Saturn for the first time. My daughter did not want to go to bed. Thank you for the patience on the phone!")}},
}

var talksChinese = []talk{
	{"询价：目镜", []letter{
		in("您好，\n\n我们想订 {n} 只 25 mm 目镜，请报含运费的价格。"),
		with("报价单-{n}.pdf", out("{first}您好：\n\n报价单见附件，三十天内有效。十只以上九折。")),
		in("收到，价格可以，本周内下单。")}},
	{"货到了吗", []letter{
		in("你好，上次的货已经 {n} 天没有物流更新了，麻烦查一下。"),
		out("{first}您好：\n\n非常抱歉，货在青岛海关，今天已补交单据，放行后我马上告诉您。"),
		in("今天收到了，谢谢！")}},
	{"发票抬头", []letter{
		in("请把发票抬头改成公司全称，税号见订单备注。"),
		with("invoice-{n}.pdf", out("已改好，见附件。旧发票号码也写在上面了。"))}},
	{"望远镜怎么选", []letter{
		in("想给孩子买一台入门的望远镜，住在市区，阳台朝南，预算不高，有什么建议？"),
		out("{first}您好：\n\n市区阳台建议用小折射镜，轻便，看月亮和行星都很好。太大的反而放不下。"),
		in("明白了，就买 60 的那台。")}},
	{"保修", []letter{
		with("微信图片_20260312.jpg", in("寻星镜的支架断了，照片在附件里，能换一个吗？")),
		out("可以的，{first}，支架免费更换，明天寄出。"),
		in("收到新支架了，服务很好👍")}},
}

// bulletins are what nobody wrote to us in person.
var bulletins = []struct{ name, address, list, subject, text string }{
	{"Optik Markt", "news@optikmarkt.example", "optikmarkt-news.optikmarkt.example", "Trade news, week {n}", "Prices of glass rise again. Read all about it on our page.\n\nUnsubscribe: https://optikmarkt.example/u"},
	{"Astronomers' Mailing List", "list@astro-nord.example", "astro-nord.astro-nord.example", "[astro-nord] Seeing report {n}", "Clear from eleven, dew from one. Who comes to the dike?"},
	{"Messe Shanghai", "invitation@fair-shanghai.example", "visitors.fair-shanghai.example", "观众预登记 第 {n} 期", "尊敬的观众：预登记已经开始，请登录网站领取电子胸牌。"},
	{"Parcel service", "no-reply@parcel.example", "", "Your parcel {n} is on its way", "This message was written by a machine. Do not answer it."},
	{"Nordlicht Shop", "noreply@shop-platform.example", "", "New order #{n}", "You have a new order. Open your shop to see it."},
	{"Bank", "donotreply@sparhaus.example", "", "Statement {n} is ready", "A new statement lies in your mailbox. Please log in to read it."},
}

// suppliers write to us and we do not answer.
var suppliers = []struct{ name, address, subject, text, file string }{
	{"Karton Krause", "rechnung@karton-krause.example", "Rechnung {n}", "Sehr geehrte Damen und Herren,\n\nanbei unsere Rechnung, zahlbar in 14 Tagen.", "Rechnung-{n}.pdf"},
	{"Glaswerk Jena-Süd", "versand@glaswerk-sued.example", "Delivery note {n}", "Dear customer,\n\nyour lenses left our works today.", "delivery-{n}.pdf"},
	{"Büro & Mehr", "service@buero-mehr.example", "Ihre Bestellung {n}", "Vielen Dank, Ihre Bestellung wird morgen geliefert.", ""},
}

// strangers write once and wait.
var strangers = []struct{ name, address, subject, text string }{
	{"Gesa Thormählen", "gesa.thormaehlen@post.example", "Do you buy old telescopes?", "Hello, my grandfather left me a brass refractor. Do you buy such things?"},
	{"", "mondgucker@post.example", "opening hours", "are you open on sundays?"},
	{"Prof. Aurel Ionescu", "a.ionescu@uni-nordmeer.example", "Internship", "Dear Sir or Madam,\n\na student of mine looks for an internship in optics in spring. Whom may she write to?"},
	{"张敏", "zhangmin88@post.example", "代理合作", "您好，我们在成都做天文科普，想了解贵公司的代理政策。"},
	{"سلمى", "salma.k@post.example", "سؤال", "مرحبا، هل تشحنون إلى الأردن؟"},
	{"SEO Expert", "growth@rank-first.example", "Your website", "We can bring your page to the first place. Interested?"},
}

// asides are what our people write to each other.
var asides = []struct{ subject, text string }{
	{"Counter on Saturday", "Who has the counter on Saturday? I could from noon."},
	{"Stock count", "The list is on the shelf. Please sign what you counted."},
	{"Sample room", "The key hangs behind the door again."},
	{"Fair in Shanghai", "我订好酒店了，11 月 3 日到 6 日。机票还要确认。"},
}
