package cmd

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/keptcrm/kept/cmd/internal/config"
	"github.com/keptcrm/kept/cmd/internal/serve"
	"github.com/keptcrm/kept/state"
)

// unitName is the file of the service.
const unitName = "kept.service"

func newService(f *factory) *cobra.Command {
	c := &cobra.Command{
		Use:     "service",
		Short:   "have systemd run kept serve",
		Example: examples("service install --user", "service install --dry-run"),
		GroupID: groupCare,
		Args:    cobra.ArbitraryArgs,
		RunE:    f.group,
	}
	c.AddCommand(newServiceInstall(f))
	return c
}

// installedOut is what "kept service install" answers.
type installedOut struct {
	File string   `json:"file"`
	Unit string   `json:"unit"`
	Dry  bool     `json:"dry"`
	Next []string `json:"next"` // commands to type now
}

func newServiceInstall(f *factory) *cobra.Command {
	user, dry, force, folder, account := false, false, false, "", "kept"
	c := &cobra.Command{
		Use:   "install",
		Short: "write the unit with which systemd runs kept serve",
		Long: "Write the unit with which systemd runs kept serve: of this machine, under the account kept and with\n" +
			"state and kept.yaml in folders of its own (/var/lib/kept, /etc/kept), or with --user of your own\n" +
			"session, with the state and kept.yaml that you use now. It may write nothing but its own folders and\n" +
			"gets no rights that it does not need. Nothing is started; what to type next is said.",
		Example: examples("service install --user", "service install --dry-run", "service install --user --dry-run > kept.service"),
		Args:    arguments(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			out, err := f.unit(user, folder, account)
			if err != nil {
				return err
			}
			out.Dry = dry
			if dry {
				if f.flags.output == formatTable {
					_, err := f.o.Out.Write([]byte(out.Unit))
					return err
				}
				return f.show(newSheet("", out).card)
			}
			if err := writeUnit(out, force); err != nil {
				return err
			}
			p := f.printer()
			sheet := newSheet("", out).lines("", p.T("service.written", state.Args{"file": out.File}))
			sheet.lines(p.T("service.next"), out.Next...)
			return f.show(sheet.card)
		},
	}
	c.Flags().BoolVar(&user, "user", false, "of your own session, not of the machine")
	c.Flags().BoolVar(&dry, "dry-run", false, "print the unit, and write nothing")
	c.Flags().BoolVar(&force, "force", false, "replace a unit that is there")
	c.Flags().StringVar(&folder, "folder", "", "write it into this `FOLDER`")
	c.Flags().StringVar(&account, "account", account, "the `ACCOUNT` under which it runs on the machine")
	_ = c.RegisterFlagCompletionFunc("account", cobra.NoFileCompletions)
	_ = c.MarkFlagDirname("folder")
	return c
}

// unit makes the unit and says where it belongs.
func (f *factory) unit(user bool, folder, account string) (installedOut, error) {
	program, err := os.Executable()
	if err == nil {
		program, err = filepath.EvalSymlinks(program)
	}
	if err != nil {
		return installedOut{}, &state.Error{Class: state.Failed, Code: "internal", Cause: err}
	}
	s, err := f.settings()
	if err != nil {
		return installedOut{}, err
	}
	u := serve.Unit{Program: program, User: user, Account: account}
	said := func(flag, variable string) bool { return flag != "" || f.o.Env(variable) != "" }
	if user || said(f.flags.state, "KEPT_STATE") || s.file.Lines["state"] > 0 {
		if u.State, err = filepath.Abs(s.state); err != nil {
			return installedOut{}, &state.Error{Class: state.Failed, Code: "internal", Cause: err}
		}
		u.Write = append(u.Write, filepath.Dir(u.State))
	}
	path, _ := f.configPath()
	if user || said(f.flags.config, "KEPT_CONFIG") {
		if u.Config, err = filepath.Abs(path); err != nil {
			return installedOut{}, &state.Error{Class: state.Failed, Code: "internal", Cause: err}
		}
		if user && missing(u.Config) {
			u.Config = "" // none is none; a file that was named would have to be there
			u.ConfigAt = config.FilePath(f.o.Env)
		}
	}
	if at := s.file.Jobs.Jobs["backup"].Folder; at != "" {
		at, err := filepath.Abs(s.backupFolder())
		if err != nil {
			return installedOut{}, &state.Error{Class: state.Failed, Code: "internal", Cause: err}
		}
		u.Write = append(u.Write, at)
	}
	out := installedOut{Next: []string{"systemctl daemon-reload", "systemctl enable --now kept", "journalctl -u kept -f"}}
	out.File = filepath.Join("/etc/systemd/system", unitName)
	if user {
		out.File = filepath.Join(filepath.Dir(filepath.Dir(config.FilePath(f.o.Env))), "systemd", "user", unitName)
		out.Next = []string{"systemctl --user daemon-reload", "systemctl --user enable --now kept", "journalctl --user -u kept -f",
			"loginctl enable-linger    # so that it runs while you are logged out"}
	} else {
		out.Next = append([]string{"useradd --system --home-dir /var/lib/kept --shell /usr/sbin/nologin " + shellWord(account)}, out.Next...)
	}
	if folder != "" {
		out.File = filepath.Join(folder, unitName)
	}
	out.Unit = u.String()
	return out, nil
}

func writeUnit(out installedOut, force bool) error {
	bad := func(err error) error {
		return &state.Error{Class: state.Failed, Code: "unit_unwritable", Args: state.Args{"path": out.File}, Cause: err}
	}
	if old, err := os.ReadFile(out.File); err == nil && string(old) != out.Unit && !force {
		return fault(state.Refused, "unit_exists", "path", out.File)
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return bad(err)
	}
	if err := os.MkdirAll(filepath.Dir(out.File), 0o755); err != nil {
		return bad(err)
	}
	if err := os.WriteFile(out.File, []byte(out.Unit), 0o644); err != nil {
		return bad(err)
	}
	return nil
}
