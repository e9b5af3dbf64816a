package identity

import "strings"

// titles stand before a name. Keys are wordKey values: lower case, no dots.
var titles = wordSet(`attorney mr mrs ms miss mx mister missus dr doctor prof professor sir dame lord lady madam madame mme mlle monsieur
	rev reverend hon honorable honourable rt pastor rabbi imam sheikh shaykh father mother brother sister monsignor msgr
	capt captain col colonel gen general lt lieutenant ltgen maj sgt sergeant cpl corporal cmdr commander cdr adm admiral brig brigadier
	ltcol ltcdr major pvt private officer president pres vp senator sen rep representative congressman congresswoman gov governor mayor
	judge justice magistrate mag secretary minister ambassador chancellor chairman chairwoman speaker premier councillor alderman
	king queen prince princess duke duchess baron baroness count countess viscount viscountess marquess earl majesty highness excellency
	cardinal bishop archbishop pope
	herr frau hr fr fraulein fräulein dipl dipl-ing diplom ing ingenieur univ priv-doz pd habil med
	señor señora señorita senor senora senorita sra srta don doña dona dott dottoressa dottore avv signor signora sig
	dhr mevr mw mevrouw meneer fru
	shri smt sri pan pani пан пани г-н г-жа господин госпожа السيد السيدة الدكتور دكتور الأستاذ أستاذ المهندس د`)

// titleNames are titles that are as often a given name: taken for a title only before two more words.
var titleNames = wordSet(`judge justice major king prince princess duke earl baron count pope bishop don dona doña dean mag fr ing sig pan
	med general mother sister brother queen lady private sri gen father pd commander minister`)

// titleLeads may stand before a title and then belong to it ("The Rt Hon", "Her Majesty", "U.S. District Judge").
var titleLeads = wordSet(`the her his their your us uk federal district circuit chief vice deputy assistant associate first right most very
	attorney lord high supreme royal acting former`)

// givenTitles go with the given name: Sir Gerald, Sister Act, Queen Elizabeth. All others go with the surname.
var givenTitles = wordSet(`sir dame king queen prince princess sister brother father mother pope sheikh shaykh don dona doña majesty highness lady
	cardinal rabbi imam shri sri pan pani dr_ السيد السيدة الدكتور دكتور الأستاذ أستاذ المهندس د`)

// suffixes follow a name and are no acronyms; only a dot at their end is ignored ("J.R." are initials).
var suffixes = wordSet(`jr jnr sr snr junior senior ii iii iv v vi vii viii esq esquire 2nd 3rd 4th ret`)

// acronyms follow a name, with or without dots. Absent on purpose because they are names too: MA, DO, BA, ED, MS.
var acronyms = wordSet(`phd md dds dmd dvm dphil edd jd llb llm mba mphil mpa mph msc msced bsc bed med mfa mth pharmd psyd rn lpn np cpa cfa cfp clu lutc
	chfc esq qc kc mp mep obe mbe cbe kbe dbe faia aia fca aca acca pe pmp frcs mrcp frs cissp usn usaf usmc dipl-ing phr sphr bba mbbs rph
	lcsw lmft dc od dpt facs facp mdiv dmin ret csm cma cfe cpcu mcse`)

// dottedAcronyms count only when written with dots, because without they are ordinary names.
var dottedAcronyms = wordSet(`ma ba bs ms do ed bba be dd th`)

// generations maps suffixes that tell father from son to one spelling.
var generations = map[string]string{
	"jr": "jr", "jnr": "jr", "junior": "jr", "sr": "sr", "snr": "sr", "senior": "sr", "ii": "2", "2nd": "2", "iii": "3", "3rd": "3",
	"iv": "4", "4th": "4", "v": "5", "vi": "6", "vii": "7", "viii": "8",
}

// particles begin a family name and take along what follows.
var particles = wordSet(`van von vom zu zum zur af av de del della dello dei degli di da das do dos du des dela der den het ter ten te la le los las
	lo san santa st st. bin ibn bint ben bat abu al el ul ap ab fitz mac mc vander vanden vande op 't auf y.de бен аль
	بن ابن بنت آل ال`)

// nameJoints keep their neighbours together ("Velasquez y Garcia", "John and Jane").
var nameJoints = wordSet(`and und et y e of the & i`)

// givenJoints begin a given name of two words.
var givenJoints = wordSet(`abd abdul abdel abu umm عبد ابو أبو أم`)

// hanSurnames are the single-character surnames that nearly all Chinese, and many Korean and Japanese, names begin with, simplified
// and traditional. Elsewhere the first character is not taken for a surname (小明 is a given name).
var hanSurnames = runeSet(`王李张張刘劉陈陳杨楊黄黃赵趙吴吳周徐孙孫马馬朱胡郭何高林罗羅郑鄭梁谢謝宋唐许許韩韓冯馮邓鄧曹彭曾肖蕭萧田董袁潘于於蒋蔣蔡余余杜叶葉程
	苏蘇魏吕呂丁任沈姚卢盧姜崔钟鐘鍾谭譚陆陸汪范範金石廖贾賈夏韦韋付方白邹鄒孟熊秦邱江尹薛闫閻阎段雷侯龙龍史陶黎贺賀顾顧毛郝龚龔邵万萬钱錢严嚴覃武戴莫孔向汤湯
	温溫康施文牛樊葛邢安齐齊易乔喬伍庞龐颜顏倪庄莊聂聶章鲁魯岳翟殷詹申欧歐耿关關兰蘭焦俞左柳甘祝包宁寧尚符舒阮柯纪紀梅童凌毕畢单單裴霍涂塗成苗谷盛曲翁冉骆駱
	蓝藍路游靳辛管柴蒙鲍鮑华華喻祁蒲房滕屈饶饒解牟艾尤阳陽时時穆农農司卓古吉缪繆简簡车車项項连連芦蘆麦麥褚娄婁窦竇戚岑景党黨宫宮费費卜冷晏席卫衛米柏宗瞿桂全佟应應
	臧闵閔苟邬鄔边邊卞姬师師和仇栾欒隋商刁沙荣榮巫寇桑郎甄丛叢仲虞敖巩鞏明佘池查麻苑迟遲邝鄺官封谈談匡鞠惠荆樂乐冀郁胥南班储儲原栗燕楚鄢劳勞谌諶奚皮粟冼蔺藺楼樓盘盤满滿
	闻聞厉厲伊仝区區郜海阚闞花权權强強帅帥屠豆朴盖蓋练練廉禹井祖漆巴丰豐支卿国國狄平计計索宣晋晉相初门門云雲容敬来來扈晁芮都普阙闕浦戈雍怀懷辜暴慕`)

// hanSurnames2 are surnames of two characters.
var hanSurnames2 = wordSet(`欧阳 歐陽 司马 司馬 上官 诸葛 諸葛 东方 東方 皇甫 尉迟 尉遲 公孙 公孫 慕容 令狐 宇文 长孙 長孫 司徒 司空 夏侯 轩辕 軒轅 端木 百里 呼延
	南宫 南宮 东郭 東郭 独孤 獨孤 闻人 聞人 澹台 澹臺 公冶 宗政 濮阳 濮陽 淳于 单于 單于 太叔 申屠 仲孙 仲孫 钟离 鍾離 鲜于 鮮于 闾丘 閭丘 亓官 拓跋 赫连 赫連 万俟 第五 梁丘
	左丘 西门 西門 纳兰 納蘭 完颜 完顏 耶律 东门 公羊 谷梁 乐正 壤驷 叱干 拓拔 爱新 叶赫
	佐藤 鈴木 高橋 田中 伊藤 渡辺 渡邊 渡边 山本 中村 小林 加藤 吉田 山田 山口 松本 井上 木村 斎藤 斉藤 齋藤 清水 山崎 池田 橋本 阿部 石川 山下 中島 石井 小川 前田 岡田
	長谷川 藤田 後藤 近藤 村上 遠藤 青木 坂本 福田 太田 西村 藤井 岡本 藤原 中野 三浦 原田 中川 松田 竹内 小野 田村 中山 石田 森田 上田 内田 柴田 酒井 宮崎 横山 安藤
	宮本 大野 小島 谷口 今井 工藤 丸山 増田 杉山 村田 大塚 新井 藤本 小山 平野 河野 上野 野口 武田 松井 千葉 菅原 岩崎 木下 久保 佐野 野村 松尾 市川 菊地 杉本
	大西 島田 水野 桜井 吉川 山内 西田 飯田 菊池 西川 小松 北村 五十嵐 川口 平田 中田 久保田 服部 岩田 土屋 川崎 福島 本田 樋口 秋山 田口 永井 山中 中西 吉村 川上
	石原 大橋 松岡 馬場 浜田 森本 星野 佐々木 三宅 内藤 大島 黒田`)

// hangulSurnames: the surnames of nearly everybody in Korea, one syllable, then two.
var hangulSurnames = runeSet(`김이박최정강조윤장임한오서신권황안송류유전홍고문양손배백허남심노하곽성차주우구민진지엄채원천방공현함변염여추도소석선설마길연위표명기반라왕금옥육인맹제모탁국어은편용`)
var hangulSurnames2 = wordSet(`남궁 황보 제갈 사공 선우 서문 독고 동방`)

// eastTitles follow a name directly in Chinese, Japanese and Korean.
var eastTitles = []string{
	"先生", "女士", "小姐", "太太", "老师", "老師", "教授", "博士", "经理", "經理", "总经理", "總經理", "总监", "主任", "医生", "醫生", "律师", "律師", "同学", "阿姨", "师傅",
	"总", "總", "さん", "様", "さま", "君", "くん", "ちゃん", "씨", "님", "선생님", "사장님", "부장님", "과장님", "대표님",
}

func runeSet(list string) map[rune]bool {
	m := make(map[rune]bool)
	for _, r := range strings.Join(strings.Fields(list), "") {
		m[r] = true
	}
	return m
}
