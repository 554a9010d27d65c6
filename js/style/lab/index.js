import './copies.css';
import './lab.css';
